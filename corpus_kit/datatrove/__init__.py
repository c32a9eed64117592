"""datatrove's own filters under our laws: by class name, checked at plan time, never on the network."""
