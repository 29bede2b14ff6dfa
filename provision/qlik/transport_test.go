package qlik

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes are connections through memory, each of which can die without a word.
type pipes struct {
	served chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	dials []*dying
}

// A dying connection is one end of a pipe. Once it is dead, what is written to it is lost, and nothing more comes out of it.
type dying struct {
	net.Conn
	dead   atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (d *dying) Write(b []byte) (int, error) {
	if d.dead.Load() {
		return len(b), nil
	}
	return d.Conn.Write(b)
}

func (d *dying) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.dead.Load() {
		<-d.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (d *dying) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	d := &dying{Conn: near, closed: make(chan struct{})}
	p.mu.Lock()
	p.dials = append(p.dials, d)
	p.mu.Unlock()
	p.served <- far
	return d, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.served:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// A firewall that forgets a connection tells neither end. Over HTTP/1.1 a request that gets no answer takes its connection along; over HTTP/2
// all requests share one, and it has to be found dead.
func TestAConnectionThatDiedSilentlyIsReplaced(t *testing.T) {
	for _, protocol := range []string{"h2", "http/1.1"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { replacesTheDead(t, protocol) })
		})
	}
}

func replacesTheDead(t *testing.T, protocol string) {
	memory := &pipes{served: make(chan net.Conn), closed: make(chan struct{})}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte(`{"id":"` + r.Proto + `","subject":"a"}`))
	}))
	server.Listener, server.EnableHTTP2 = memory, protocol == "h2"
	server.StartTLS()
	defer server.Close()
	transport := newTransport(4)
	transport.DialContext, transport.Proxy = memory.dial, nil
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	transport.TLSClientConfig.Time = func() time.Time { return server.Certificate().NotBefore.Add(time.Hour) }
	at, err := ParseTenant("https://example.com")
	if err != nil {
		t.Fatal(err)
	}
	client := New(at, Options{Credentials: Credentials{APIKey: "key"}, Transport: transport})
	defer client.Close()

	create := func() error {
		_, err := client.CreateUser(t.Context(), NewUser{Subject: "a"})
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	memory.dials[0].dead.Store(true)
	for range 2 { // the second one is not to share the fate of the first
		if err = create(); err == nil {
			break
		}
		if !errors.Is(err, ErrNoAnswer) {
			t.Fatal(err)
		}
	}
	if err != nil || len(memory.dials) != 2 {
		t.Errorf("%v, %d connections", err, len(memory.dials))
	}
}

func TestWhatAProxyDidNotLetThroughWasNotSent(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer refusing.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for proxy, says := range map[string]string{
		refusing.URL: "the proxy says 407 Proxy Authentication Required",
		gone.URL:     "refused",
	} {
		transport := newTransport(1)
		transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
		at, err := ParseTenant("https://acme.example")
		if err != nil {
			t.Fatal(err)
		}
		client := New(at, Options{Credentials: Credentials{APIKey: "key"}, Transport: transport})
		_, err = client.CreateUser(t.Context(), NewUser{Subject: "a"})
		if !errors.Is(err, ErrNotSent) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v", err)
		}
		client.Close()
	}
}
