package main

// inBackground is for shells with jobs; Windows has none.
func inBackground() bool { return false }
