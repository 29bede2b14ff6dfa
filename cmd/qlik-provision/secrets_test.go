package main

// The marks stand in the middle of secrets that need escaping everywhere: whatever way a secret gets out, its mark shows.
const (
	secretMark   = "MARKSECRET0123456789abcdef"
	keyMark      = "MARKAPIKEY0123456789abcdef"
	markedSecret = `s"\/<&>+%41` + secretMark + `ü&=`
	markedKey    = "eyJhbGciOi.J9+/<&>" + keyMark + "=="
)
