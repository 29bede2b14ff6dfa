package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// connect makes the client of a run, and starts the sandbox and the log where they are wanted. end ends all three.
func (a *app) connect(c *config) (client *qlik.Client, end func() error, err error) {
	options := qlik.Options{Credentials: c.creds, Concurrency: c.workers, Timeout: c.timeout, UserAgent: userAgent()}
	tenant := c.tenant
	var ends []func() error
	end = func() error {
		var errs []error
		for i := len(ends) - 1; i >= 0; i-- {
			errs = append(errs, ends[i]())
		}
		return errors.Join(errs...)
	}
	if c.log != "" {
		observe, closeLog, err := requestLog(c.log)
		if err != nil {
			return nil, nil, err
		}
		options.Observe = observe
		ends = append(ends, closeLog)
	}
	if c.sandbox {
		inMemory := sandbox.New(sandbox.Options{})
		for _, u := range c.users {
			inMemory.Add(u)
		}
		if len(c.users) > 0 {
			a.notify(c)("the sandbox starts with the users of this file: " + text.Grouped(len(c.users)))
		}
		server, err := serve(inMemory, "127.0.0.1:0")
		if err != nil {
			return nil, nil, usage(errors.Join(err, end()), "serve one yourself: see qlik-provision sandbox --help")
		}
		ends = append(ends, server.close)
		tenant = server.tenant
		options.Credentials = qlik.Credentials{ClientID: inMemory.ClientID(), ClientSecret: inMemory.ClientSecret()}
	}
	client = qlik.New(tenant, options)
	a.contacted = true
	ends = append(ends, func() error { client.Close(); return nil })
	return client, end, nil
}

func openLog(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, usage(fmt.Errorf("opening the log: %w", err), "give --log a file that can be written")
	}
	return f, nil
}

// requestLog opens a log of one JSON line per request. A log that cannot be written is no reason to stop: end says so.
func requestLog(path string) (observe func(qlik.Exchange), end func() error, err error) {
	f, err := openLog(path)
	if err != nil {
		return nil, nil, err
	}
	out := &firstError{w: f}
	bare := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: bare}))
	observe = func(e qlik.Exchange) {
		attrs := make([]any, 0, 20)
		if e.Row != 0 {
			attrs = append(attrs, "row", e.Row)
		}
		if e.Rows != 0 {
			attrs = append(attrs, "rows", e.Rows)
		}
		attrs = append(attrs, "method", e.Method, "path", e.Path, "status", e.Status,
			"duration_ms", milliseconds(e.Duration), "wait_ms", milliseconds(e.Wait))
		if e.TraceID != "" {
			attrs = append(attrs, "trace_id", e.TraceID)
		}
		if e.Err != nil && e.Status == 0 {
			attrs = append(attrs, "error", e.Err.Error()) // of the network: an answer's own text may hold a name
		}
		log.Info("", attrs...)
	}
	return observe, func() error {
		err := out.failed()
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("writing the log: %w", err)
		}
		return nil
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// A server serves a sandbox on a socket.
type server struct {
	tenant qlik.Tenant
	http   *http.Server
	served chan error
}

// usersOf are the users that a result file names: the tenant of --sandbox starts with them where a file of an earlier
// one is undone or verified.
func usersOf(rows []report.Row) (users []sandbox.User) {
	named := map[string]bool{}
	for _, r := range rows {
		id := string(r.Entry.UserID)
		u := sandbox.User{ID: id, Subject: r.Entry.UserSubject}
		switch r.Entry.Outcome {
		case provision.Disabled:
			u.Status = "disabled"
		case provision.Created, provision.Exists, provision.Updated:
		default:
			continue
		}
		if id != "" && !named[id] {
			named[id] = true
			users = append(users, u)
		}
	}
	return users
}

// serve starts serving h at addr, which must be of this machine or name a port of it.
func serve(h http.Handler, addr string) (*server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("starting the sandbox: %w", err)
	}
	tenant, err := qlik.ParseTenant("http://" + listener.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the sandbox is for this machine only: %w", err), listener.Close())
	}
	s := &server{
		tenant: tenant,
		http:   &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
		served: make(chan error, 1),
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// close ends the server at once: what it holds is in memory only.
func (s *server) close() error {
	err := s.http.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		return errors.Join(err, served)
	}
	return err
}
