package main

// ignoreTerminal is for shells with jobs; Windows has none.
func ignoreTerminal() {}
