package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// A wire is how a tenant is reached, over TLS.
type wire struct {
	name    string
	config  *tls.Config
	host    string // where it is not the server's own
	trusted bool   // the server's certificate stands in SSL_CERT_FILE
	exit    int
	says    string
}

func TestCertificatesAndVersionsOfTLSAreChecked(t *testing.T) {
	expired := certificate(t, time.Now().Add(-time.Hour))
	for _, w := range []wire{
		{"a certificate of nobody's", nil, "", false, exitRun, "certificate"},
		{"one that the environment trusts", nil, "", true, exitDone, ""},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, "", true, exitDone, ""},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "", true, exitRun, "protocol version"},
		{"TLS 1.0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, "", true, exitRun, "protocol version"},
		{"another host's", nil, "localhost", true, exitRun, "localhost"},
		{"one that has expired", &tls.Config{Certificates: []tls.Certificate{expired}}, "", true, exitRun, "expired"},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			if w.trusted && runtime.GOOS != "linux" {
				t.Skip("elsewhere the system's own store says whom to trust")
			}
			w.run(t)
		})
	}
}

func (w wire) run(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
	server := httptest.NewUnstartedServer(tenant)
	server.TLS, server.EnableHTTP2, server.Config.ErrorLog = w.config, true, silent()
	server.StartTLS()
	t.Cleanup(server.Close)
	p := newProgram(t, tenant)
	address := server.URL
	if w.host != "" {
		address = strings.Replace(address, "127.0.0.1", w.host, 1)
	}
	p.env = append(p.env, "QLIK_TENANT="+address)
	if w.trusted {
		p.env = append(p.env, trust(t, server, p.dir)...)
	}
	p.write(t, "hr.csv", 3)
	args := []string{"create", "hr.csv"}
	if w.exit != exitDone {
		args = []string{"plan", "hr.csv", "--attempts", "1"} // which tries once, and says what it met
	}
	cmd, stderr := p.command(args...)
	if code := exitCode(t, cmd.Run()); code != w.exit || !strings.Contains(stderr.String(), w.says) {
		t.Errorf("exit code %d, not %d with %q\n%s", code, w.exit, w.says, stderr)
	}
	want := 0
	if w.exit == exitDone {
		want = 3
	}
	if n, all := len(tenant.Users()), tenant.Stats().Requests; n != want || (want == 0) != (all == 0) {
		t.Errorf("%d users, %d requests", n, all)
	}
}

// trust is an environment in which a program trusts the server's certificate, on Linux; elsewhere the system's own store decides.
func trust(tb testing.TB, server *httptest.Server, dir string) []string {
	tb.Helper()
	roots := filepath.Join(dir, "roots.pem")
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.TLS.Certificates[0].Certificate[0]})
	if err := os.WriteFile(roots, root, 0o600); err != nil {
		tb.Fatal(err)
	}
	return []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + dir}
}

// certificate is a certificate of its own issue for 127.0.0.1.
func certificate(t *testing.T, end time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: end.Add(-24 * time.Hour), NotAfter: end, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestNothingTurnsTheCheckOfCertificatesOff(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), "InsecureSkipVerify") || strings.Contains(string(b), "VerifyConnection") {
			t.Errorf("%s meddles with the check of certificates", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoRedirectIsFollowedWhateverItsStatus(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for _, on := range []sandbox.Endpoint{sandbox.EndpointToken, sandbox.EndpointFilter, sandbox.EndpointCreate} {
		for _, status := range []int{302, 307, 308} {
			t.Run(string(on)+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
				tenant.Inject(sandbox.Fault{Kind: sandbox.FaultRedirect, Status: status, Location: other.URL + "/api/v1/users", On: on})
				p := newProgram(t, tenant)
				p.write(t, "hr.csv", 3)
				cmd, stderr := p.command("create", "hr.csv", "--attempts", "2", "--patience", "3s")
				want := exitRun
				if on == sandbox.EndpointFilter {
					want = exitDone // a run can do without lookups
				}
				if code := exitCode(t, cmd.Run()); code != want {
					t.Errorf("exit code %d\n%s", code, stderr)
				}
				if n := elsewhere.Load(); n > 0 {
					t.Errorf("%d requests went where the redirect led", n)
				}
			})
		}
	}
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://acme.eu.qlikcloud.com": false, "http://10.0.0.1": false, "http://localhost.example.com": false, "http://127.0.0.1.example.com": false, "http://0.0.0.0:1": false,
		"http://[::ffff:10.0.0.1]": false, "ftp://acme.eu.qlikcloud.com": false, "http://127.0.0.1:1": true, "http://localhost:1": true, "http://[::1]:1": true,
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, sandbox.New(sandbox.Options{}))
			p.write(t, "hr.csv", 1)
			cmd, stderr := p.command("plan", "hr.csv", "--tenant", address, "--attempts", "1")
			want := exitUsage
			if ok {
				want = exitRun // it tried, and nobody is there
			}
			if code := exitCode(t, cmd.Run()); code != want {
				t.Errorf("exit code %d, not %d\n%s", code, want, stderr)
			}
		})
	}
}

func TestNoRetryAfterHoldsARunLongerThanItsPatience(t *testing.T) {
	year := time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat)
	for _, test := range []struct {
		value string
		waits bool // for longer than the patience
	}{
		{"", false}, {"-5", false}, {"0", false}, {"1", false}, {"soon", false}, {"1e9", false}, {"0x10", false}, {"Wed, 21 Oct 2015 07:28:00 GMT", false}, {"٣٠", false},
		{"31536000", true}, {"99999999999999999999999999", true}, {year, true},
	} {
		t.Run(test.value, func(t *testing.T) {
			t.Parallel()
			tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
			tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: test.value, On: sandbox.EndpointCreate, Times: 1})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 3)
			patience := "2s"
			if !test.waits {
				patience = "1m" // a busy machine is not what is looked at
			}
			cmd, stderr := p.command("create", "hr.csv", "--patience", patience)
			began := time.Now()
			code, want, users := ends(t, cmd), exitDone, 3
			if test.waits {
				want, users = exitRun, 0
			}
			if code != want || len(tenant.Users()) != users {
				t.Errorf("exit code %d, %d users\n%s", code, len(tenant.Users()), stderr)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// ends runs a program and gives back its exit code. One that does not end by itself in half a minute is ended.
func ends(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	enough := time.AfterFunc(30*time.Second, func() {
		t.Error("it did not end by itself")
		_ = cmd.Process.Kill()
	})
	defer enough.Stop()
	return exitCode(t, cmd.Wait())
}

func TestHostileAnswersTakeLittleMemory(t *testing.T) {
	for _, kind := range []sandbox.FaultKind{sandbox.FaultEndless, sandbox.FaultGzipBomb, sandbox.FaultNested, sandbox.FaultLongHeader} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff})
			tenant.Inject(sandbox.Fault{Kind: kind, On: sandbox.EndpointFilter, Times: 1})
			tenant.Inject(sandbox.Fault{Kind: kind, On: sandbox.EndpointCreate, Times: 8})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 50)
			cmd, stderr := p.command("create", "hr.csv", "--rate", "off", "--timeout", "10s")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peakOf := watchMemory(cmd.Process.Pid)
			code := exitCode(t, cmd.Wait())
			peak := peakOf()
			if code != exitDone || len(tenant.Users()) != 50 {
				t.Errorf("exit code %d, %d users\n%s", code, len(tenant.Users()), stderr)
			}
			t.Logf("%d MiB at the most, with 16 workers", peak>>20)
			if runtime.GOOS == "linux" && (peak < 8<<20 || peak > 320<<20) { // the race detector takes several times what the program does
				t.Errorf("%d MiB", peak>>20)
			}
		})
	}
}
