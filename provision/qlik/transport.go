package qlik

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// newTransport returns the transport for a tenant on the network. Connecting has less time than a request, so that a
// host that cannot be reached is told from one that does not answer.
func newTransport(connections int, timeout time.Duration) *http.Transport {
	if connections <= 0 {
		connections = 16
	}
	connect := min(10*time.Second, timeout/2)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true, // a TLSClientConfig of our own turns it off
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    connect,
		MaxResponseHeaderBytes: 64 << 10,
		// Over HTTP/2 all requests share a connection. One that a firewall dropped would time out each of them.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 10 * time.Second},

		OnProxyConnectResponse: checkProxyAnswer,
	}
}

// checkProxyAnswer makes the error of a proxy that refuses to connect name the proxy, and say that nothing was sent.
func checkProxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: fmt.Errorf("the proxy answered %s", resp.Status)}
}

// CheckProxy returns an ErrProxy where HTTPS_PROXY is not the address of a proxy. net/http ignores such a value and
// would connect without the proxy. A Client checks it, too: all its requests fail with the same error.
func CheckProxy(t Tenant) error {
	name, value := proxySetting(t)
	if value == "" || parseProxy(value) != nil {
		return nil
	}
	shown := ""
	if !strings.Contains(value, "@") { // it may hold a password
		shown = fmt.Sprintf(" %q", value)
	}
	const format = "%s%s is not the address of a proxy, such as http://proxy.example.com:8080"
	return &Error{kind: ErrProxy, Err: fmt.Errorf(format, name, shown)}
}

// proxyOf returns the proxy that requests to the tenant may go through, nil for none.
func proxyOf(t Tenant) *url.URL {
	_, value := proxySetting(t)
	return parseProxy(value)
}

// proxySetting returns the environment variable that names the proxy for the tenant. Loopback hosts have none.
func proxySetting(t Tenant) (name, value string) {
	if t.scheme == "http" {
		return "", ""
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// parseProxy reads a proxy's address as net/http does: a host alone is one of http. It returns nil for no address.
func parseProxy(value string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" {
		u, err = url.Parse("http://" + value)
	}
	if err != nil || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil
	}
	if !isAddress(u.Hostname()) || checkPort(u.Host) != nil || strings.Trim(u.Path, "/") != "" {
		return nil
	}
	return u
}

// lostError describes a request that got no answer. Its own URL is left out: a filter holds personal data.
func lostError(err error, timeout time.Duration) Error {
	err = bare(err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	record, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case untrusted:
		return Error{kind: ErrNotTenant, Err: err}
	case noTLS && string(record.RecordHeader[:]) == "HTTP/":
		return Error{kind: ErrNotTenant, Err: http.ErrSchemeMismatch}
	case errors.Is(err, context.DeadlineExceeded) && !neverSent(err):
		err = fmt.Errorf("timeout after %v", timeout)
	}
	return Error{kind: ErrNoAnswer, Err: err}
}

// bare takes the URL off an error of net/url or net/http.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func pathOf(rawURL string) string {
	if _, rest, ok := strings.Cut(rawURL, "://"); ok {
		rawURL = rest
	}
	if i := strings.IndexByte(rawURL, '/'); i >= 0 {
		rawURL = rawURL[i:]
	}
	path, _, _ := strings.Cut(rawURL, "?")
	return path
}
