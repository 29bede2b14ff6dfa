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

// CheckProxy returns an error where HTTPS_PROXY is not the address of a proxy. net/http ignores such a value and would
// connect without the proxy.
func CheckProxy(t Tenant) error {
	_, err := proxyOf(t)
	return err
}

// proxyOf returns the proxy for the tenant, nil for none. The setting is read as net/http does it: loopback hosts have
// none, and a host alone is one of http.
func proxyOf(t Tenant) (*url.URL, error) {
	name, value := "HTTPS_PROXY", os.Getenv("HTTPS_PROXY")
	if value == "" {
		name, value = "https_proxy", os.Getenv("https_proxy")
	}
	if value == "" || t.scheme == "http" {
		return nil, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" {
		u, err = url.Parse("http://" + value)
	}
	if err == nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) &&
		isHost(u.Hostname()) && checkPort(u.Host) == nil && strings.Trim(u.Path, "/") == "" {
		return u, nil
	}
	if !strings.Contains(value, "@") { // else it may hold a password
		name += fmt.Sprintf(" %q", value)
	}
	return nil, fmt.Errorf("%s is not the address of a proxy, such as http://proxy.example.com:8080", name)
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
