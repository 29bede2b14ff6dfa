package main

import (
	"encoding/pem"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
)

// trust is an environment in which a program trusts the server's certificate, on Linux. Elsewhere the system's
// own store decides.
func trust(t testing.TB, server *httptest.Server, dir string) []string {
	t.Helper()
	roots := filepath.Join(dir, "roots.pem")
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.TLS.Certificates[0].Certificate[0]})
	if err := os.WriteFile(roots, root, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + dir}
}

func TestTenantsCertificateIsChecked(t *testing.T) {
	t.Parallel()
	onlyOnLinux(t)
	for _, test := range []struct {
		name    string
		host    string
		trusted bool
		exit    int
		said    string
	}{
		{"an unknown authority", "127.0.0.1", false, exitRun, "certificate"},
		{"an authority in SSL_CERT_FILE", "127.0.0.1", true, exitDone, ""},
		{"another host's certificate", "localhost", true, exitRun, "localhost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{})
			server := httptest.NewUnstartedServer(tenant)
			server.EnableHTTP2, server.Config.ErrorLog = true, log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			p := newProgram(t, tenant)
			p.env = append(p.env, "QLIK_TENANT="+strings.Replace(server.URL, "127.0.0.1", test.host, 1))
			if test.trusted {
				p.env = append(p.env, trust(t, server, p.dir)...)
			}
			p.write(t, "hr.csv", 3)
			c := p.expect(t, test.exit, "create", "hr.csv", "--patience", "2s")
			if !strings.Contains(c.stderr.String(), test.said) {
				t.Errorf("it does not say %q:\n%s", test.said, &c.stderr)
			}
			if users := len(tenant.Users()); (users == 3) != (test.exit == exitDone) || users == 0 &&
				tenant.Stats().Requests > 0 {
				t.Errorf("%d users, %d requests", users, tenant.Stats().Requests)
			}
		})
	}
}

func TestNoSourceTurnsTheCheckOfCertificatesOff(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), "InsecureSkipVerify") || strings.Contains(string(b), "VerifyConnection") {
			t.Errorf("%s changes how certificates are checked", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
