"""The commands of `corpus-kit`: arguments, printing and exit codes; no logic."""
