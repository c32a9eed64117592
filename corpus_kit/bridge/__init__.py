"""The bridge to training: exports of a finished run that trainers load, each with a manifest of what is in it."""
