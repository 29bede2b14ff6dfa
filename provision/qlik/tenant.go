package qlik

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// A Tenant is the address of a Qlik Cloud tenant: scheme and host, nothing else. Make one with ParseTenant.
type Tenant struct {
	scheme string
	host   string // lower case, with the port where it is not the scheme's default
}

// ParseTenant reads https://acme.eu.qlikcloud.com, or the host alone. Plain http is accepted for loopback hosts only:
// elsewhere it would show the credentials to the network. A loopback host alone means plain http: it is a sandbox.
func ParseTenant(s string) (Tenant, error) {
	const (
		example = "https://acme.eu.qlikcloud.com"
		form    = `^(?:(https?)://)?(localhost|[a-z0-9_-]+(?:\.[a-z0-9_-]+)+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?/?$`
	)
	s = strings.TrimSpace(s)
	parts := regexp.MustCompile(form).FindStringSubmatch(strings.ToLower(s))
	switch {
	case strings.Contains(s, "@"): // the value is not shown: it may hold a password
		return Tenant{}, fmt.Errorf("the tenant's address has an @ in it: credentials do not belong there, write %s", example)
	case parts == nil:
		return Tenant{}, fmt.Errorf("the tenant %q is not an address such as %s", s, example)
	}
	scheme, host, port := parts[1], parts[2], parts[3]
	ip := net.ParseIP(strings.Trim(host, "[]"))
	_, badPort := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
	loopback := host == "localhost" || ip.IsLoopback()
	switch {
	case strings.HasPrefix(host, "[") && ip == nil, port != "" && badPort != nil:
		return Tenant{}, fmt.Errorf("the tenant %q has an invalid IP address or port", s)
	case scheme == "http" && !loopback:
		const format = "the tenant %q is plain http, which shows the credentials to the network: write https://%s"
		return Tenant{}, fmt.Errorf(format, s, host+port)
	case scheme == "" && loopback:
		scheme = "http"
	}
	scheme = cmp.Or(scheme, "https")
	if port == map[string]string{"https": ":443", "http": ":80"}[scheme] {
		port = ""
	}
	return Tenant{scheme, host + port}, nil
}

// Host is the tenant's host, with the port where it is not the scheme's default.
func (t Tenant) Host() string { return t.host }

// String is the tenant's URL without a path.
func (t Tenant) String() string { return t.scheme + "://" + t.host }

// resolve returns the path and query of a link in the answer to a request for from. A link to another host is an error:
// the credentials would be sent there.
func (t Tenant) resolve(from, href string) (path string, err error) {
	base := &url.URL{Scheme: t.scheme, Host: t.host}
	base.Path, _, _ = strings.Cut(from, "?")
	u, err := base.Parse(href)
	if err != nil {
		return "", errors.New("a link is not a URL")
	}
	target, err := ParseTenant(u.Scheme + "://" + u.Host)
	if err != nil || target != t {
		return "", fmt.Errorf("a link leads to another host, %q", u.Host)
	}
	return u.RequestURI(), nil
}

// Proxy returns the proxy for the tenant, nil for none, and an error where HTTPS_PROXY is not the address of a proxy:
// net/http ignores a value that it cannot read, and would connect without the proxy. A sandbox has none, and a host
// alone is one of http.
func Proxy(t Tenant) (*url.URL, error) {
	address := cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy"))
	if address == "" || t.scheme == "http" {
		return nil, nil
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" { // the value is not shown: it may hold a password
		return nil, errors.New("HTTPS_PROXY is not the address of a proxy, such as http://proxy.example.com:8080")
	}
	return u, nil
}
