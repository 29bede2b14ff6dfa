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
	"strings"
	"syscall"
	"time"
)

// newTransport returns the transport for a tenant on the network. Connecting has less time than a request, so that a
// host that cannot be reached is told from one that does not answer.
func newTransport(connections int, timeout time.Duration) *http.Transport {
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

// Proxy returns the proxy for the tenant, nil for none, and an error where HTTPS_PROXY is not the address of a proxy:
// net/http ignores a value that it cannot read, and would connect without the proxy. Loopback hosts have none, and a
// host alone is one of http.
func Proxy(t Tenant) (*url.URL, error) {
	name, value := "HTTPS_PROXY", os.Getenv("HTTPS_PROXY")
	if value == "" {
		name, value = "https_proxy", os.Getenv("https_proxy")
	}
	if value == "" || t.scheme == "http" {
		return nil, nil
	}
	address := value
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err == nil && isHost(u.Hostname()) {
		return u, nil
	}
	if !strings.Contains(value, "@") { // else it may hold a password
		name += fmt.Sprintf(" %q", value)
	}
	return nil, fmt.Errorf("%s is not the address of a proxy, such as http://proxy.example.com:8080", name)
}

// lostError is the error of a request that got no answer. Its own URL is left out: a filter holds personal data.
func (c *Client) lostError(err error) *Error {
	err = bare(err)
	op, _ := errors.AsType[*net.OpError](err)
	_, noHost := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	noDescriptor := errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
	kind := ErrNoAnswer
	switch {
	case untrusted, noTLS:
		kind = ErrNotTenant
	case noHost, noDescriptor, op != nil && (op.Op == "dial" || op.Op == "proxyconnect"):
		kind = ErrNotSent
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("timeout after %v", c.timeout)
	}
	return &Error{kind: kind, Err: c.secrets.cause(err)}
}

// bare takes the URL off an error of net/url or net/http.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
