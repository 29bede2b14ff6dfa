package qlik

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A Tenant is the address of a Qlik Cloud tenant: scheme and host, nothing else. Make one with ParseTenant.
type Tenant struct {
	scheme string
	host   string // lower case, with the port where it is not the scheme's default
}

const example = "https://acme.eu.qlikcloud.com"

const quotationMarks = "\"'`“”‘’„«»"

// ParseTenant reads https://acme.eu.qlikcloud.com, or the host alone. Plain http is accepted for loopback hosts only:
// elsewhere it would show the credentials to the network. A loopback host alone means plain http: it is a sandbox.
func ParseTenant(s string) (Tenant, error) {
	s = strings.TrimSpace(s)
	raw := s
	if !strings.Contains(raw, "://") {
		raw = "https://" + s
		if u, err := url.Parse(raw); err == nil && loopback(u.Hostname()) {
			raw = "http://" + s
		}
	}
	u, err := url.Parse(raw)
	switch {
	case s == "":
		return Tenant{}, errors.New("the tenant's address is empty")
	case strings.Contains(s, "@"): // the value is not shown: it may hold a password
		const format = "the tenant's address has an @ in it: credentials do not belong there, write %s"
		return Tenant{}, fmt.Errorf(format, example)
	case strings.ContainsAny(s, quotationMarks):
		return Tenant{}, fmt.Errorf("the tenant %s has a quotation mark in it: write %s", s, strings.Trim(s, quotationMarks))
	case err != nil:
		return Tenant{}, fmt.Errorf("the tenant %q is not a URL (%w): write %s", s, bare(err), example)
	}
	t := Tenant{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Host)}
	t.host = strings.TrimSuffix(t.host, map[string]string{"https": ":443", "http": ":80"}[t.scheme])
	if err := t.check(u); err != nil {
		return Tenant{}, fmt.Errorf("the tenant %q %w", s, err)
	}
	return t, nil
}

// check says what is wrong with the URL that t was made of, as the end of a sentence.
func (t Tenant) check(u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	switch {
	case t.scheme != "https" && t.scheme != "http":
		return fmt.Errorf("is not an https:// address: write %s", example)
	case !isHost(host):
		return fmt.Errorf("has an invalid host name: write %s", example)
	case !strings.Contains(host, ".") && net.ParseIP(host) == nil && !loopback(host):
		return fmt.Errorf("has no domain: write the whole address, such as %s", example)
	case strings.HasSuffix(u.Host, ":"):
		return errors.New("ends with a colon and no port")
	case u.Port() != "" && !isPort(u.Port()):
		return fmt.Errorf("has an invalid port %q", u.Port())
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("has a path or a query: write %s", t)
	case t.scheme == "http" && !loopback(host):
		return fmt.Errorf("is plain http, which shows the credentials to the network: write https://%s", u.Host)
	}
	return nil
}

// isHost reports whether host is an IP address or has the form of a host name, in ASCII.
func isHost(host string) bool {
	names := regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)
	return net.ParseIP(host) != nil || names.MatchString(strings.ToLower(host))
}

func isPort(s string) bool {
	port, err := strconv.ParseUint(s, 10, 16)
	return err == nil && port > 0
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Host is the tenant's host, with the port where it is not the scheme's default.
func (t Tenant) Host() string { return t.host }

// String is the tenant's URL without a path.
func (t Tenant) String() string { return t.scheme + "://" + t.host }

// resolve returns the path and query of a link in the answer to a request for from. A link to another host is an error:
// the credentials would be sent there.
func (t Tenant) resolve(from, href string) (path string, err error) {
	base, err := url.Parse(t.String() + from)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(href)
	if err != nil {
		return "", fmt.Errorf("a link is not a URL: %w", bare(err))
	}
	target, err := ParseTenant(u.Scheme + "://" + u.Host)
	if err != nil || target != t {
		return "", fmt.Errorf("a link leads to another host, %q", u.Host)
	}
	return u.RequestURI(), nil
}
