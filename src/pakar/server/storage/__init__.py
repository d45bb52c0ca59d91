"""What users put into the server: themselves, their keys, conversations, feedback. In server.db
beside pakar.toml, because none of it can be made again."""
