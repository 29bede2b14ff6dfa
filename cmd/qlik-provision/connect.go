package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

// contact connects to the tenant, starts the sandbox and the log where they are wanted, and calls work with a run over
// so many rows. Meanwhile it shows how far the run is. What it started has ended when it returns.
func (c *config) contact(ctx context.Context, rows int, work func(*provision.Run) error,
) (provision.Progress, error) {
	connection := qlik.Options{Credentials: c.creds, Connections: c.runOptions.Workers, Timeout: c.runOptions.Timeout,
		UserAgent: userAgent()}
	if c.log != "" {
		log, err := openLog(c.log)
		if err != nil {
			return provision.Progress{}, err
		}
		defer func() {
			if err := log.close(); err != nil { // no failure of the run
				c.out.note(err.Error())
			}
		}()
		connection.Observe = log.record
	}
	if c.sandbox {
		inMemory := sandbox.New(sandbox.Options{})
		for _, u := range c.users {
			inMemory.Add(u)
		}
		o := inMemory.Options()
		connection.Transport = sandbox.InProcess(inMemory)
		connection.Credentials = qlik.Credentials{ClientID: o.ClientID, ClientSecret: o.ClientSecret}
	}
	client := qlik.New(c.tenant, connection)
	defer client.Close()
	c.contacted, c.runOptions.Abort = true, c.abort
	run := provision.New(client, c.runOptions)
	if !c.quiet {
		defer c.out.follow(ctx, run.Progress, rows)()
	}
	err := work(run)
	return run.Progress(), err
}

// sandboxUsers are the users that a result file names: the tenant of --sandbox starts with them where a file of an
// earlier one is undone or verified.
func sandboxUsers(rows []report.Row) []sandbox.User {
	statuses := map[provision.Outcome]string{
		provision.Created: "active", provision.Exists: "active", provision.Updated: "active", provision.Disabled: "disabled",
	}
	users := map[string]sandbox.User{} // by their IDs
	for _, r := range rows {
		id := string(r.Entry.UserID)
		if status, known := statuses[r.Entry.Outcome]; known && id != "" {
			users[id] = sandbox.User{ID: id, Subject: r.Entry.UserSubject, Status: status}
		}
	}
	return slices.Collect(maps.Values(users))
}

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
	l.err = cmp.Or(l.err, json.NewEncoder(l.file).Encode(line))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// close returns the first error of writing the log. Nothing is recorded any longer.
func (l *requestLog) close() error {
	if err := errors.Join(l.err, l.file.Close()); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	return nil
}
