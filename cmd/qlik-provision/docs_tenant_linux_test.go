package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// The tenants and the client of the documentation.
const (
	docsTenant       = "acme.eu.qlikcloud.com"
	docsSecondTenant = "acme-test.eu.qlikcloud.com"
	docsClientID     = "8e7a1c52d9f04b6f"
	docsClientSecret = "5b0e9a7f3c1d48e6a2b4c6d8e0f1a3b5"
)

// A documentedTenant is an in-memory tenant that the program reaches under the name of a real one: by HTTPS, with a
// certificate of its own, through a proxy.
type documentedTenant struct {
	current atomic.Pointer[sandbox.Tenant]
	env     []string // what the program needs to reach it
}

func newDocumentedTenant(t *testing.T) *documentedTenant {
	d := &documentedTenant{}
	d.reset()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.current.Load().ServeHTTP(w, r)
	}))
	certificate, authority := certificateFor(t, docsTenant, docsSecondTenant)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(tunnelTo(server.Listener.Addr().String()))
	t.Cleanup(proxy.Close)
	d.env = []string{
		"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + authority, "QLIK_TENANT=https://" + docsTenant,
		"QLIK_CLIENT_ID=" + docsClientID, "QLIK_CLIENT_SECRET=" + docsClientSecret,
	}
	return d
}

// reset makes the tenant an empty one.
func (d *documentedTenant) reset() {
	d.current.Store(sandbox.New(sandbox.Options{ClientID: docsClientID, ClientSecret: docsClientSecret}))
}

// certificateFor makes a certificate for these hosts, and a file by which it is trusted.
func certificateFor(t *testing.T, hosts ...string) (certificate tls.Certificate, authority string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hosts, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	authority = filepath.Join(t.TempDir(), "authority.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority
}

// tunnelTo is a proxy whose every tunnel ends at one address.
func tunnelTo(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "tunnels only", http.StatusMethodNotAllowed)
			return
		}
		server, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer server.Close()
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(server, buffered)
			_ = server.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(client, server)
		_ = client.Close()
		<-done
	})
}
