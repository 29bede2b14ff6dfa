package main

import "os"

var quitSignal = os.Kill
