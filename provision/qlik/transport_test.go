package qlik

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipes are in-memory connections, each of which can be dropped silently.
type pipes struct {
	served chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	dials []*dying
}

// A dying connection is one end of a pipe. Once it is dead, what is written to it is lost and nothing can be read.
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

// A firewall that drops a connection tells neither end. Over HTTP/1.1 only the request in flight is lost. Over HTTP/2
// all requests share the connection, so that it has to be recognized as dead.
func TestSilentlyDroppedConnectionIsReplaced(t *testing.T) {
	for _, protocol := range []string{"h2", "http/1.1"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { replacesDroppedConnection(t, protocol) })
		})
	}
}

func replacesDroppedConnection(t *testing.T, protocol string) {
	memory := &pipes{served: make(chan net.Conn), closed: make(chan struct{})}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte(`{"id":"` + r.Proto + `","subject":"a"}`))
	}))
	server.Listener, server.EnableHTTP2 = memory, protocol == "h2"
	server.StartTLS()
	defer server.Close()
	transport := newTransport(4, 30*time.Second)
	transport.DialContext, transport.Proxy = memory.dial, nil
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	transport.TLSClientConfig.Time = func() time.Time { return server.Certificate().NotBefore.Add(time.Hour) }
	credentials := Credentials{APIKey: "key"}
	client := New(tenantAt(t, "https://example.com"), Options{Credentials: credentials, Transport: transport})
	defer client.Close()

	create := func() error {
		_, err := client.CreateUser(t.Context(), User{Subject: "a"})
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	memory.dials[0].dead.Store(true)
	var err error
	for range 2 { // at most one request is lost
		if err = create(); err == nil {
			break
		}
		if !errors.Is(err, ErrNoAnswer) || errors.Is(err, ErrNotSent) {
			t.Fatal(err)
		}
	}
	if err != nil || len(memory.dials) != 2 {
		t.Errorf("%v, %d connections", err, len(memory.dials))
	}
}

func TestRequestThatAProxyRefusedWasNotSent(t *testing.T) {
	const secret = "S3cret-client-secret"
	refusing := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		basic := base64.StdEncoding.EncodeToString([]byte("me:" + secret))
		fmt.Fprintf(conn, "HTTP/1.1 407 Not with %s or Basic %s\x1b\r\n\r\n", secret, basic)
	}))
	refusing.Start()
	defer refusing.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for proxy, message := range map[string]string{
		refusing.URL:                "the proxy answered 407 Not with (secret) or Basic (secret)= ",
		gone.URL:                    "refused",
		"http://proxy.invalid:8080": "proxy.invalid",
	} {
		transport := newTransport(1, 10*time.Second)
		transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
		creds := Credentials{ClientID: "me", ClientSecret: secret}
		client := New(tenantAt(t, "https://acme.example"), Options{Credentials: creds, Transport: transport})
		client.tokens.current.Store(&token{header: "Bearer t"})
		_, err := client.CreateUser(t.Context(), User{Subject: "a"})
		if !errors.Is(err, ErrNotSent) || !strings.Contains(err.Error(), message) {
			t.Errorf("%v", err)
		}
		client.Close()
	}
}

func TestInvalidProxySettingIsAnError(t *testing.T) {
	remote, local := tenantAt(t, "https://acme.eu.qlikcloud.com"), tenantAt(t, "http://127.0.0.1:8080")
	names := []string{"HTTPS_PROXY", "https_proxy"}
	if runtime.GOOS == "windows" {
		names = names[:1] // there both are one variable
	}
	for value, valid := range map[string]bool{
		"":                                   true,
		"http://proxy.example.com:8080":      true,
		"https://proxy.example.com/":         true,
		"socks5://127.0.0.1:1080":            true,
		"proxy.example.com:8080":             true,
		"proxy":                              true,
		"http://me:S3cret@proxy.example:80":  true,
		"http://[::1]:8080":                  true,
		"http://proxy.example.com:port":      false,
		"http://":                            false,
		" http://proxy.example.com:8080":     false,
		"'http://proxy.example.com:8080'":    false,
		"http://me:S3cret@proxy.example:x":   false,
		"http://me:S3cret%zz@proxy.example/": false,
	} {
		for _, name := range names {
			t.Setenv("HTTPS_PROXY", "")
			t.Setenv("https_proxy", "")
			t.Setenv(name, value)
			_, err := Proxy(remote)
			if valid != (err == nil) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
			if _, err := Proxy(local); err != nil {
				t.Errorf("%s=%q, loopback: %v", name, value, err)
			}
			if valid {
				continue
			}
			if err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY") || strings.Contains(err.Error(), "S3cret") {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
}

func TestWhatWasNeverSentIsRecognized(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	_, tooSlow := (&net.Dialer{Deadline: time.Now().Add(-time.Second)}).Dial("tcp", "127.0.0.1:1")
	noHost := &net.DNSError{Err: "no such host", Name: "acme.eu.qlikcloud.com", IsNotFound: true}
	for _, test := range []struct {
		err    error
		unsent bool
	}{
		{refused, true},
		{&net.OpError{Op: "dial", Net: "tcp", Err: noHost}, true},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}, true},
		{tooSlow, true},
		{&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, true},
		{&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)}, true},
		{fmt.Errorf("opening a socket: %w", os.NewSyscallError("socket", syscall.EMFILE)), true},
		{os.NewSyscallError("socket", syscall.ENFILE), true},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}, true},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: noHost}, true},
		{&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, false},
		{&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.EHOSTUNREACH)}, false},
		{&net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}, false},
		{errors.New("unexpected EOF"), false},
	} {
		s := &script{err: test.err}
		err := s.client(t, Options{Credentials: Credentials{APIKey: "key-0123456789"}}).FetchDate(t.Context())
		if !errors.Is(err, ErrNoAnswer) || errors.Is(err, ErrNotSent) != test.unsent {
			t.Errorf("%v: not sent is %v", err, !test.unsent)
		}
		tokenErr := s.client(t, Options{Credentials: Credentials{ClientID: "me"}}).FetchDate(t.Context())
		if !errors.Is(tokenErr, ErrNoToken) || errors.Is(tokenErr, ErrNoAnswer) {
			t.Errorf("%v is taken for the loss of the request itself", tokenErr)
		}
		for _, err := range []error{err, tokenErr} {
			if !errors.Is(err, test.err) {
				t.Errorf("%v: the cause is not in the chain", err)
			}
		}
	}
}

func TestUnreachableHostIsNotSent(t *testing.T) {
	server := httptest.NewServer(nil)
	at := tenantAt(t, server.URL)
	server.Close()
	client := New(at, Options{Credentials: Credentials{APIKey: "key-0123456789"}})
	defer client.Close()
	_, err := client.CreateUser(t.Context(), User{Subject: "a"})
	if !errors.Is(err, ErrNoAnswer) || !errors.Is(err, ErrNotSent) || client.Answered() {
		t.Errorf("%v, answered %v", err, client.Answered())
	}
}

func TestUntrustedServerIsNotTheTenant(t *testing.T) {
	var reached atomic.Int64
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	start := func(prepare func(*httptest.Server)) string {
		server := httptest.NewUnstartedServer(handler)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		prepare(server)
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, test := range map[string]struct {
		address, message string
		kind             error
	}{
		"certificate": {start(func(s *httptest.Server) { s.StartTLS() }), "certificate", ErrNotTenant},
		"plain http": {strings.Replace(start(func(s *httptest.Server) { s.Start() }), "http:", "https:", 1), "TLS handshake",
			ErrNotTenant},
		"old TLS": {start(func(s *httptest.Server) {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
			s.StartTLS()
		}), "protocol version", ErrNoAnswer},
	} {
		client := New(tenantAt(t, test.address), Options{Credentials: Credentials{APIKey: "key-0123456789"}})
		_, err := client.CreateUser(t.Context(), User{Subject: "a"})
		if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
		creds := Credentials{ClientID: "me", ClientSecret: "secret-0123"}
		client = New(tenantAt(t, test.address), Options{Credentials: creds})
		_, err = client.CreateUser(t.Context(), User{Subject: "a"})
		_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
		if name == "certificate" && (!unknown || !errors.Is(err, ErrNotTenant)) {
			t.Errorf("%s, token: %v", name, err)
		}
		client.Close()
	}
	if reached.Load() > 0 {
		t.Error("the credentials were sent")
	}
}
