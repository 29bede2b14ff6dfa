package qlik

import (
	"net"
	"net/url"
	"strings"
	"testing"
)

func TestParseTenant(t *testing.T) {
	for in, want := range map[string]string{
		"https://acme.eu.qlikcloud.com":      "https://acme.eu.qlikcloud.com",
		"acme.eu.qlikcloud.com":              "https://acme.eu.qlikcloud.com",
		"  https://acme.eu.qlikcloud.com/ ":  "https://acme.eu.qlikcloud.com",
		"HTTPS://Acme.EU.qlikcloud.com":      "https://acme.eu.qlikcloud.com",
		"https://acme.eu.qlikcloud.com:443":  "https://acme.eu.qlikcloud.com",
		"acme.eu.qlikcloud.com:8443":         "https://acme.eu.qlikcloud.com:8443",
		"http://127.0.0.1:8080":              "http://127.0.0.1:8080",
		"http://127.9.9.9:8080":              "http://127.9.9.9:8080",
		"http://localhost:80":                "http://localhost",
		"https://10.0.0.7:8443":              "https://10.0.0.7:8443",
		"https://[2001:db8::1]":              "https://[2001:db8::1]",
		"http://[::1]:8080":                  "http://[::1]:8080",
		"127.0.0.1:8080":                     "http://127.0.0.1:8080",
		"https://127.0.0.1:8080":             "https://127.0.0.1:8080",
		"https://localhost":                  "https://localhost",
		"acme.eu.qlikcloud.com/":             "https://acme.eu.qlikcloud.com",
		"https://127.0.0.1.evil.example.com": "https://127.0.0.1.evil.example.com",
	} {
		got, err := ParseTenant(in)
		if err != nil || got.String() != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseTenantRefusesOtherAddresses(t *testing.T) {
	const other, secret = "is not an address such as https://acme.eu.qlikcloud.com", "credentials do not belong there"
	for in, message := range map[string]string{
		"":                                       other,
		"   ":                                    other,
		"acme":                                   other,
		"https://acme":                           other,
		"acme:8443":                              other,
		"ftp://acme.eu.qlikcloud.com":            other,
		"file:///etc/passwd":                     other,
		"https://":                               other,
		"https://:8443":                          other,
		"https:acme.eu.qlikcloud.com":            other,
		"https//acme.eu.qlikcloud.com":           other,
		"https://https://acme.eu.qlikcloud.com":  other,
		"QLIK_TENANT=acme.eu.qlikcloud.com":      other,
		"<acme.eu.qlikcloud.com>":                other,
		"acme.eu.qlikcloud.com,":                 other,
		"acme..qlikcloud.com":                    other,
		".eu.qlikcloud.com":                      other,
		"https://ac\u200bme.eu.qlikcloud.com":    other,
		"\"https://acme.eu.qlikcloud.com\"":      other,
		"https://acme.eu.qlikcloud.com'":         other,
		"“acme.eu.qlikcloud.com”":                other,
		"https://acme.eu.qlikcloud.com/hub":      other,
		"acme.eu.qlikcloud.com/api/v1/users":     other,
		"https://acme.eu.qlikcloud.com?x=1":      other,
		"https://acme.eu.qlikcloud.com?":         other,
		"https://acme.eu.qlikcloud.com#x":        other,
		"acme.eu.qlikcloud.com:":                 other,
		"http://127.0.0.1:/":                     other,
		"https://acme.qlikcloud.com:port":        other,
		"https://acme qlikcloud.com":             other,
		"acme\x00.qlikcloud.com":                 other,
		"acme%25.qlikcloud.com":                  other,
		"https://[::1":                           other,
		"https://acme.qlikcloud.com:0":           other,
		"https://acme.qlikcloud.com:65536":       "has an invalid IP address or port",
		"127.0.0.1:99999":                        "has an invalid IP address or port",
		"https://[:::1]":                         "has an invalid IP address or port",
		"http://acme.eu.qlikcloud.com":           "is plain http",
		"http://127.0.0.1.evil.example.com":      "is plain http",
		"http://localhost.evil.example.com":      "is plain http",
		"https://me:S3cret@acme.qlikcloud.com":   secret,
		"https://S3cret@acme.qlikcloud.com":      secret,
		"https://me:S3 cret@acme.qlikcloud.com":  secret,
		"https://me:S3cret@acme.qlikcloud.com:x": secret,
		"me:S3cret@acme.qlikcloud.com":           secret,
		"\"me:S3cret@acme.qlikcloud.com\"":       secret,
	} {
		got, err := ParseTenant(in)
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %q, %v; want an error with %q", in, got, err, message)
		}
		if err != nil && (strings.Contains(err.Error(), "S3") || strings.Contains(err.Error(), "cret")) {
			t.Errorf("%q: the error shows the secret: %v", in, err)
		}
	}
}

func FuzzParseTenant(f *testing.F) {
	for _, seed := range []string{
		"https://acme.eu.qlikcloud.com", "acme:443", "http://[::1%25lo]:80", "http://127.0.0.1:", "HTTP://LOCALHOST:80/",
		"https://a.b:443:443", "x@y", "//",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tenant, err := ParseTenant(s)
		if err != nil {
			return
		}
		again, err := ParseTenant(tenant.String())
		if err != nil || again != tenant {
			t.Errorf("%q is %q, which is %q: %v", s, tenant, again, err)
		}
		u, err := url.Parse(tenant.String() + usersPath)
		if err != nil {
			t.Fatalf("%q makes no URL: %v", s, err)
		}
		if u.Path != usersPath || u.User != nil || u.RawQuery != "" || u.Host != tenant.Host() {
			t.Errorf("%q makes %v", s, u)
		}
		ip := net.ParseIP(u.Hostname())
		if u.Scheme == "http" && u.Hostname() != "localhost" && !ip.IsLoopback() {
			t.Errorf("%q is plain http on %q", s, u.Hostname())
		}
	})
}

func TestLinksToOtherHostsAreRefused(t *testing.T) {
	tenant, err := ParseTenant("https://acme.eu.qlikcloud.com")
	if err != nil {
		t.Fatal(err)
	}
	for href, want := range map[string]string{
		"https://acme.eu.qlikcloud.com/api/v1/users?next=abc":     "/api/v1/users?next=abc",
		"https://ACME.eu.qlikcloud.com:443/api/v1/users":          "/api/v1/users",
		"/api/v1/users?next=abc":                                  "/api/v1/users?next=abc",
		"?next=abc":                                               "/api/v1/users?next=abc",
		"https://me:pw@acme.eu.qlikcloud.com/api/v1/users":        "/api/v1/users",
		"https://evil.example.com/api/v1/users":                   "",
		"//evil.example.com/api/v1/users":                         "",
		"https://acme.eu.qlikcloud.com.evil.example.com/":         "",
		"https://acme.eu.qlikcloud.com@evil.example.com/":         "",
		"http://acme.eu.qlikcloud.com/api/v1/users":               "",
		"https://acme.eu.qlikcloud.com:8443/api/v1/users":         "",
		"javascript:alert(1)":                                     "",
		"file:///etc/passwd":                                      "",
		"https://acme.eu.qlikcloud.com:443:443/":                  "",
		"\x00":                                                    "",
		"https://evil.example.com\\@acme.eu.qlikcloud.com/api/v1": "",
	} {
		got, err := tenant.resolve(usersPath+"?limit=100&next=1", href)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q leads to %q, %v; want %q", href, got, err, want)
		}
	}
}
