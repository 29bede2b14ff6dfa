package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"qlik-provision/provision/qlik"
)

// A requestLog writes one JSON line per request. It is safe for concurrent use.
type requestLog struct {
	file *os.File
	mu   sync.Mutex
	err  error // guarded by mu: the first one; the run goes on
}

func openLog(path string) (*requestLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, usage(fmt.Errorf("opening the log: %w", err), "give --log a file that can be written")
	}
	return &requestLog{file: file}, nil
}

// record writes the line of a request. Of errors it has those of the network: an answer's own text may hold a name.
func (l *requestLog) record(e qlik.Exchange) {
	line := struct {
		Time     time.Time `json:"time"`
		Row      int       `json:"row,omitempty"`
		Rows     int       `json:"rows,omitempty"`
		Method   string    `json:"method"`
		Path     string    `json:"path"`
		Status   int       `json:"status"`
		Duration float64   `json:"duration_ms"`
		Wait     float64   `json:"wait_ms"`
		TraceID  string    `json:"trace_id,omitempty"`
		Error    string    `json:"error,omitempty"`
	}{
		Time: time.Now(), Row: e.Row, Rows: e.Rows, Method: e.Method, Path: e.Path, Status: e.Status,
		Duration: milliseconds(e.Duration), Wait: milliseconds(e.Wait), TraceID: e.TraceID,
	}
	if e.Err != nil && e.Status == 0 {
		line.Error = e.Err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := json.NewEncoder(l.file).Encode(line); l.err == nil {
		l.err = err
	}
}

// close returns the first error of writing the log.
func (l *requestLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(l.err, l.file.Close()); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
