package qlik

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Tenant is the address of a Qlik Cloud tenant: scheme and host, nothing else. Make one with ParseTenant.
type Tenant struct {
	scheme string
	host   string // lower case, with the port where it is not the scheme's own
}

// ParseTenant reads https://acme.eu.qlikcloud.com, or the host alone. Plain http is taken for loopback only: everywhere else it
// would show the credentials to the network. A loopback host alone is one of plain http: no tenant lives there, a sandbox does.
func ParseTenant(s string) (Tenant, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Tenant{}, errors.New("the tenant is empty")
	}
	raw := s
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
		if u, err := url.Parse(raw); err == nil && loopback(u.Hostname()) {
			raw = "http://" + s
		}
	}
	u, err := url.Parse(raw)
	if err != nil && strings.Contains(s, "@") {
		return Tenant{}, errors.New("the tenant is no URL, and has an @ in it: credentials do not belong there")
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("the tenant %q is no URL: %w", s, bare(err))
	}
	if u.User != nil {
		return Tenant{}, fmt.Errorf("the tenant's URL (host %q) has a user in it: credentials do not belong there", u.Host)
	}
	if u.Hostname() == "" {
		return Tenant{}, fmt.Errorf("the tenant %q has no host", s)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Tenant{}, fmt.Errorf("the tenant %q is more than a host: write %s://%s", s, u.Scheme, u.Host)
	}
	t := Tenant{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(strings.TrimSuffix(u.Host, ":"))}
	// With an escape in it, taken for what it stands for, or with signs that no name has.
	if again, err := url.Parse(t.String()); err != nil || again.Host != t.host || strings.ContainsFunc(t.host, nameless) {
		return Tenant{}, fmt.Errorf("the tenant %q has a host that is none", s)
	}
	switch {
	case t.scheme == "https":
		t.host = strings.TrimSuffix(t.host, ":443")
	case t.scheme == "http" && loopback(u.Hostname()):
		t.host = strings.TrimSuffix(t.host, ":80")
	case t.scheme == "http":
		return Tenant{}, fmt.Errorf("the tenant %q is plain http, which shows the credentials to the network: write https://%s", s, u.Host)
	default:
		return Tenant{}, fmt.Errorf("the tenant %q is not an https:// URL", s)
	}
	return t, nil
}

func nameless(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r) }

// Host is the tenant's host, with the port where it is not the scheme's own.
func (t Tenant) Host() string { return t.host }

// String is the tenant's URL without a path.
func (t Tenant) String() string { return t.scheme + "://" + t.host }

// resolve makes an absolute URL of a link in the answer to a request for from. A link that leads to anybody else is an error: the credentials would
// go with it.
func (t Tenant) resolve(from, href string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(href)
	if err != nil {
		return "", fmt.Errorf("a link that is no URL: %w", bare(err))
	}
	there, err := ParseTenant(u.Scheme + "://" + u.Host)
	if err != nil || there != t {
		return "", fmt.Errorf("a link that leads to another host, %q", u.Host)
	}
	u.Scheme, u.User, u.Host = t.scheme, nil, t.host
	return u.String(), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
