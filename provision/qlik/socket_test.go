package qlik_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

const secret = "S3cret-client-secret-0123456789"

// served is a sandbox over a real socket, and a client of it. seen takes every exchange.
func served(t *testing.T, timeout time.Duration) (*sandbox.Tenant, *qlik.Client, *[]qlik.Exchange) {
	t.Helper()
	tenant := sandbox.New(sandbox.Options{ClientID: "me", ClientSecret: secret})
	server := httptest.NewUnstartedServer(tenant)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	var mu sync.Mutex
	var seen []qlik.Exchange
	at, err := qlik.ParseTenant(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := qlik.New(at, qlik.Options{
		Credentials: qlik.Credentials{ClientID: "me", ClientSecret: secret}, Timeout: timeout,
		Observe: func(e qlik.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, e)
		},
	})
	t.Cleanup(client.Close)
	return tenant, client, &seen
}

func TestHostileAnswersAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		fault sandbox.Fault
		kind  error
	}{
		"endless":             {sandbox.Fault{Kind: sandbox.FaultEndless}, qlik.ErrGarbled},
		"drip":                {sandbox.Fault{Kind: sandbox.FaultDrip}, qlik.ErrGarbled},
		"gzip bomb":           {sandbox.Fault{Kind: sandbox.FaultGzipBomb}, qlik.ErrGarbled},
		"nested":              {sandbox.Fault{Kind: sandbox.FaultNested}, qlik.ErrGarbled},
		"garbage":             {sandbox.Fault{Kind: sandbox.FaultGarbage}, qlik.ErrGarbled},
		"cut":                 {sandbox.Fault{Kind: sandbox.FaultCut}, qlik.ErrGarbled},
		"long header":         {sandbox.Fault{Kind: sandbox.FaultLongHeader}, qlik.ErrNoAnswer},
		"reset":               {sandbox.Fault{Kind: sandbox.FaultReset}, qlik.ErrNoAnswer},
		"hang":                {sandbox.Fault{Kind: sandbox.FaultHang}, qlik.ErrNoAnswer},
		"redirect":            {sandbox.Fault{Kind: sandbox.FaultRedirect}, qlik.ErrNotTenant},
		"redirect nowhere":    {sandbox.Fault{Kind: sandbox.FaultRedirect, Status: 307, Location: ":// no URL"}, qlik.ErrNotTenant},
		"500, without a body": {sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, NoBody: true}, qlik.ErrNoAnswer},
	} {
		for _, endpoint := range []sandbox.Endpoint{sandbox.EndpointToken, sandbox.EndpointCreate, sandbox.EndpointList, sandbox.EndpointFilter} {
			t.Run(name+"/"+string(endpoint), func(t *testing.T) {
				t.Parallel()
				var followed atomic.Int64
				elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
				defer elsewhere.Close()
				timeout := 20 * time.Second
				if test.fault.Kind == sandbox.FaultDrip || test.fault.Kind == sandbox.FaultHang {
					timeout = 2 * time.Second
				}
				tenant, client, seen := served(t, timeout)
				fault := test.fault
				fault.On = endpoint
				if fault.Kind == sandbox.FaultRedirect && fault.Location == "" {
					fault.Location = elsewhere.URL + "/login?x=1"
				}
				tenant.Inject(fault)
				began := time.Now()
				err := ask(t, client, endpoint)
				if took := time.Since(began); took > timeout+5*time.Second {
					t.Errorf("it took %v", took)
				}
				kind := test.kind
				if endpoint == sandbox.EndpointToken && kind != qlik.ErrNotTenant {
					kind = qlik.ErrNoToken
				}
				if !errors.Is(err, kind) {
					t.Errorf("%v, want it to be %v", err, kind)
				}
				if n := followed.Load(); n > 0 {
					t.Errorf("the redirect was followed %d times", n)
				}
				for _, text := range append(texts(*seen), err.Error()) {
					for _, hidden := range []string{secret, "Bearer", "tell-nobody", "limit=100", "127.0.0.1:"} {
						if strings.Contains(text, hidden) && !(hidden == "127.0.0.1:" && strings.Contains(text, "tcp")) {
							t.Errorf("%q tells %q", text, hidden)
						}
					}
				}
			})
		}
	}
}

// ask sends a request to an endpoint, with a value in it that nobody else is to see.
func ask(t *testing.T, c *qlik.Client, e sandbox.Endpoint) (err error) {
	t.Helper()
	switch e {
	case sandbox.EndpointList:
		_, err = c.ListUsers(t.Context(), qlik.PeopleFilter([]string{"tell-nobody"}, nil), false)
	case sandbox.EndpointFilter:
		_, err = c.FilterUsers(t.Context(), qlik.PeopleFilter([]string{"tell-nobody"}, nil), false)
	default:
		_, err = c.CreateUser(t.Context(), qlik.NewUser{Subject: "tell-nobody", Status: "active"})
	}
	if err == nil {
		t.Fatal("all went well")
	}
	return err
}

func texts(seen []qlik.Exchange) (all []string) {
	for _, e := range seen {
		all = append(all, e.Method+" "+e.Path+" "+e.TraceID)
		if e.Err != nil {
			all = append(all, e.Err.Error())
		}
	}
	return all
}

func TestABombTakesNoMemory(t *testing.T) {
	tenant, client, _ := served(t, 20*time.Second)
	if _, err := client.CreateUser(t.Context(), qlik.NewUser{Subject: "a", Status: "active"}); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []sandbox.FaultKind{sandbox.FaultGzipBomb, sandbox.FaultEndless} {
		tenant.ClearFaults()
		tenant.Inject(sandbox.Fault{Kind: kind, On: sandbox.EndpointCreate})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := ask(t, client, sandbox.EndpointCreate); !errors.Is(err, qlik.ErrGarbled) {
			t.Error(err)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 { // the sandbox's own part included
			t.Errorf("%s: %d MiB", kind, grown>>20)
		}
	}
}

func TestACertificateThatDoesNotCheckOutIsRefused(t *testing.T) {
	var reached atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	at, err := qlik.ParseTenant(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, creds := range map[string]qlik.Credentials{"a client": {ClientID: "me", ClientSecret: secret}, "an API key": {APIKey: secret}} {
		client := qlik.New(at, qlik.Options{Credentials: creds, Timeout: 5 * time.Second})
		_, err = client.CreateUser(t.Context(), qlik.NewUser{Subject: "a"})
		if !errors.Is(err, qlik.ErrNotTenant) || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", name, err)
		}
		if unknown := (x509.UnknownAuthorityError{}); creds.APIKey != "" && !errors.As(err, &unknown) {
			t.Errorf("%s: it does not say that the authority is unknown: %v", name, err)
		}
		client.Close()
	}
	if reached.Load() > 0 {
		t.Error("the credentials were sent all the same")
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	var reached atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	defer server.Close()
	at, err := qlik.ParseTenant(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := qlik.New(at, qlik.Options{Credentials: qlik.Credentials{APIKey: secret}, Timeout: 5 * time.Second})
	defer client.Close()
	_, err = client.CreateUser(t.Context(), qlik.NewUser{Subject: "a"})
	if err == nil || !strings.Contains(err.Error(), "protocol version") || reached.Load() > 0 {
		t.Errorf("%v", err)
	}
}

func TestNothingWasSentWhereNobodyListens(t *testing.T) {
	server := httptest.NewServer(nil)
	at, err := qlik.ParseTenant(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	client := qlik.New(at, qlik.Options{Credentials: qlik.Credentials{APIKey: secret}})
	_, err = client.CreateUser(t.Context(), qlik.NewUser{Subject: "a"})
	if !errors.Is(err, qlik.ErrNoAnswer) || !errors.Is(err, qlik.ErrNotSent) || client.Answered() || client.InFlight() != 0 {
		t.Errorf("%v, answered %v", err, client.Answered())
	}
}
