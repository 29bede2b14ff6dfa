package provision

import "time"

// A Reason says why no write is sent at the moment.
type Reason string

// A Progress is how far a run is at one moment.
type Progress struct {
	Rows    int           // of the run
	Looked  int           // rows that were looked up
	Settled int           // rows that were settled
	Failed  int           // of them failed
	Writes  int           // writes that were sent for different rows
	Waiting Reason        // why no write is sent at the moment; "" where one is
	Until   time.Time     // when the next one goes, where it waits; zero: not known
	Waited  time.Duration // how long no write was sent because the run had to wait
	Left    time.Duration // an estimate of the time that is left
	AtMost  bool          // there are rows still to be looked up, and all of them count as writes in Left
	Known   bool          // there is an estimate
}
