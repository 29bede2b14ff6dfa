package main

import (
	"context"
	"maps"
	"slices"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// contact connects to the tenant, starts the sandbox and the log where they are wanted, and calls work with a run over
// so many rows. Meanwhile it shows how far the run is. What it started has ended when it returns.
func (c *config) contact(ctx context.Context, rows int, work func(*provision.Run) error,
) (provision.Progress, error) {
	options := c.runOptions
	options.Abort = c.abort
	connection := qlik.Options{Credentials: c.creds, Connections: options.Workers, Timeout: options.Timeout,
		UserAgent: userAgent()}
	tenant := c.tenant
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
		if len(c.users) > 0 {
			c.note("the sandbox starts with the users of this file: " + text.Grouped(len(c.users)))
		}
		var err error
		if tenant, err = qlik.ParseTenant("http://localhost"); err != nil {
			return provision.Progress{}, err
		}
		connection.Transport = sandbox.InProcess(inMemory)
		connection.Credentials = qlik.Credentials{ClientID: inMemory.Options().ClientID, ClientSecret: inMemory.Options().ClientSecret}
	}
	client := qlik.New(tenant, connection)
	defer client.Close()
	c.contacted = true
	run := provision.New(client, options)
	if !c.quiet {
		defer c.out.follow(run.Progress, rows)()
	}
	defer c.announceInterrupt(ctx, client)()
	err := work(run)
	return run.Progress(), err
}

// announceInterrupt says at the first interrupt what is waited for. No line comes after the function that it returns.
func (a *app) announceInterrupt(ctx context.Context, client *qlik.Client) (silence func()) {
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		if n := client.InFlight(); n > 0 {
			a.out.note("interrupted: waiting for " + text.Plural(n, "request", "requests") +
				", 10 s at most; a second Ctrl-C does not wait")
		}
	})
	return func() {
		if !stop() {
			<-said
		}
	}
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
