package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

const key = "key-1"

// newInjector returns an Injector in front of a tenant with an API key and the user "old".
func newInjector(o sandbox.Options, seed uint64) *Injector {
	o.APIKey = key
	tenant := sandbox.New(o)
	tenant.Add(sandbox.User{ID: "5f", Subject: "old", Name: "Old"})
	return Wrap(tenant, seed)
}

// client sends requests, in process or over a socket.
type client struct {
	t    testing.TB
	http *http.Client
	base string
}

type dial func(testing.TB, *Injector) *client

// dials are the two ways to reach an Injector.
var dials = map[string]dial{"in process": inProcess, "socket": overSocket}

func inProcess(t testing.TB, i *Injector) *client {
	c := &http.Client{Transport: sandbox.InProcess(i), CheckRedirect: noRedirect}
	return &client{t, c, "https://acme.eu.qlikcloud.com"}
}

func overSocket(t testing.TB, i *Injector) *client {
	server := httptest.NewServer(i)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &client{t, &http.Client{Transport: transport, CheckRedirect: noRedirect}, server.URL}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// received is what a client received.
type received struct {
	status int
	header http.Header
	text   string
	err    error // while sending, or reading the body
}

// send sends a request of an endpoint; subject is that of a create.
func (c *client) send(e sandbox.Endpoint, subject string) received {
	return c.sendFor(time.Minute, e, subject)
}

func (c *client) sendFor(timeout time.Duration, e sandbox.Endpoint, subject string) received {
	c.t.Helper()
	request := map[sandbox.Endpoint]string{
		sandbox.EndpointToken:  `POST /oauth/token {"client_id":"c","client_secret":"s","grant_type":"client_credentials"}`,
		sandbox.EndpointCreate: `POST /api/v1/users {"subject":"` + subject + `"}`,
		sandbox.EndpointPatch: `PATCH /api/v1/users/5f [{"op":"replace","path":"/name","value":"New"},` +
			`{"op":"add","path":"/assignedRoles/-","value":{"name":"Steward"}}]`,
		sandbox.EndpointDelete: `DELETE /api/v1/users/5f `,
		sandbox.EndpointList:   `GET /api/v1/users?filter=subject+eq+%22old%22 `,
		sandbox.EndpointFilter: `POST /api/v1/users/actions/filter {"filter":"subject eq \"old\""}`,
		sandbox.EndpointRoles:  `GET /api/v1/roles `,
	}[e]
	parts := strings.SplitN(request, " ", 3)
	return c.do(timeout, parts[0], parts[1], parts[2])
}

func (c *client) create(subject string) received {
	c.t.Helper()
	return c.send(sandbox.EndpointCreate, subject)
}

func (c *client) do(timeout time.Duration, method, path, body string) received {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := c.http.Do(req)
	if err != nil {
		return received{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	return received{resp.StatusCode, resp.Header, string(text), err}
}

// String is what a client makes of an answer: its status, or how it broke.
func (a received) String() string {
	var v any
	switch {
	case errors.Is(a.err, context.DeadlineExceeded):
		return strings.TrimPrefix(fmt.Sprintf("%d timeout", a.status), "0 ")
	case errors.Is(a.err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("%d cut", a.status)
	case errors.Is(a.err, io.EOF), errors.Is(a.err, syscall.ECONNRESET),
		a.err != nil && strings.Contains(a.err.Error(), "wsarecv"):
		return "reset"
	case a.err != nil:
		return a.err.Error()
	case a.status != 204 && json.Unmarshal([]byte(a.text), &v) != nil:
		return fmt.Sprintf("%d no JSON", a.status)
	}
	return fmt.Sprint(a.status)
}
