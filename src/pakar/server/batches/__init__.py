"""Jobs of many questions over HTTP: kept, run one after another, told of by webhook."""
