"""Steps put in sequence, one file a flow; `pakar.expert` calls them with its `Workplace`."""
