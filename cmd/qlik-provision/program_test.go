package main

// quickExit keeps the race detector from its second of sleep at the end of every program.
const quickExit = "GORACE=atexit_sleep_ms=0"

func bareLoop() error { return nil }
