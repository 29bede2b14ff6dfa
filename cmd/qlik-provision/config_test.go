package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"qlik-provision/provision/sandbox"
)

func TestWrongConfigurationHidesItsSecrets(t *testing.T) {
	t.Parallel()
	contexts := func(text string) map[string]string { return map[string]string{"home/.qlik/contexts.yml": text} }
	secret := func(text string) map[string]string { return map[string]string{"secret": text} }
	const context, file = "create hr.csv --context prod", "create hr.csv --client-id me --client-secret-file secret"
	const server = "contexts:\n  prod:\n    server: https://acme.eu.qlikcloud.com\n    "
	for _, test := range []struct {
		name  string
		line  string
		env   []string
		files map[string]string
		exit  int
	}{
		{"a proxy that is not there", "plan hr.csv --patience 2s", []string{"QLIK_TENANT=https://acme.invalid", "NO_PROXY=",
			"no_proxy=", "HTTPS_PROXY=http://user:" + secretMark + "@127.0.0.1:1"}, nil, exitRun},
		{"a proxy that is no URL", "plan hr.csv", []string{"QLIK_TENANT=https://acme.invalid", "NO_PROXY=",
			"no_proxy=", "HTTPS_PROXY=http://user:" + secretMark + "%zz@127.0.0.1:1"}, nil, exitUsage},
		{"a password in the URL", "", []string{"QLIK_TENANT=https://me:" + secretMark + "@acme.eu.qlikcloud.com"}, nil,
			exitUsage},
		{"a password in a wrong URL", "", []string{"QLIK_TENANT=https://me:" + secretMark + "%zz@acme.example.com"}, nil,
			exitUsage},
		{"a password in --tenant", "plan hr.csv --offline --tenant https://me:" + secretMark + "@acme.eu.qlikcloud.com",
			nil, nil, exitUsage},
		{"client and key at once", "", []string{"QLIK_API_KEY=" + markedKey}, nil, exitUsage},
		{"a secret without its client", "", []string{"QLIK_CLIENT_ID="}, nil, exitUsage},
		{"a line end in a secret", "", []string{"QLIK_CLIENT_SECRET=" + secretMark + "\nmore"}, nil, exitUsage},
		{"a line end in a key", "", []string{"QLIK_CLIENT_ID=", "QLIK_CLIENT_SECRET=", "QLIK_API_KEY=" + keyMark +
			"\r\nX: y"},
			nil, exitUsage},
		{"quotes around a secret", "", []string{`QLIK_CLIENT_SECRET="` + secretMark + `"`}, nil, exitUsage},
		{"a secret as a flag", "create hr.csv --client-secret=" + secretMark, nil, nil, exitUsage},
		{"a secret beside a mistyped flag", "create hr.csv --limt 5 --client-secret " + secretMark, nil, nil, exitUsage},
		{"a key beside a mistyped command", "crate hr.csv --api-key " + keyMark, nil, nil, exitUsage},
		{"a secret file with more in it", file, nil, secret("secret: " + markedSecret + "\nmore\n"), exitRun},
		{"a wrong secret from a file", file, nil, secret(markedSecret), exitRun},
		{"contexts that are no YAML", context, nil, contexts("contexts:\n  prod:\n\tkey: " + keyMark + "\n oauth: [" +
			secretMark),
			exitUsage},
		{"contexts of another shape", context, nil, contexts("contexts:\n  prod: " + secretMark + "\n"), exitUsage},
		{"headers that are none", context, nil, contexts(server + "headers: [" + keyMark + "]\n"), exitUsage},
		{"another scheme", context, nil, contexts(server + "headers:\n      Authorization: Basic " + keyMark + "\n"),
			exitUsage},
		{"a context without its client", context, nil, contexts(server + "oauth-client-secret: " + secretMark + "\n"),
			exitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, newTenant(sandbox.Options{ClientSecret: markedSecret}))
			p.write(t, "hr.csv", 2)
			for name, text := range test.files {
				p.writeText(t, name, text)
			}
			p.env = append(append(p.env, "QLIK_CLI_USER_HOME_DIR=home"), test.env...)
			if test.line == "" {
				test.line = "create hr.csv"
			}
			code, written := p.watched(t, strings.Fields(test.line))
			if code != test.exit {
				t.Errorf("exit code %d, not %d\n%s", code, test.exit, written["stderr"])
			}
			checkHidden(t, written, []string{secretMark, keyMark})
		})
	}
}

// A crash prints the stacks of all goroutines.
func TestCrashHidesSecrets(t *testing.T) {
	skipOnWindows(t)
	t.Parallel()
	tenant := newTenant(sandbox.Options{ClientSecret: markedSecret})
	p := newProgram(t, tenant)
	p.env = append(p.env, "GOTRACEBACK=all")
	p.write(t, "hr.csv", 4)
	asked := make(chan struct{}, 16)
	g := &gateway{tenant: tenant, on: sandbox.EndpointCreate}
	g.answer = func(w http.ResponseWriter, _ string, _ func() *httptest.ResponseRecorder) {
		hijack(w, "") // no answer until the client is gone
		asked <- struct{}{}
	}
	p.serve(t, g)
	c := p.command("create", "hr.csv", "--timeout", "1m")
	c.start(t)
	<-asked
	c.signal(t, quitSignal)
	if code := c.end(t); code == exitDone || !strings.Contains(c.stderr.String(), "goroutine ") {
		t.Errorf("exit code %d\n%s", code, &c.stderr)
	}
	tokens, _ := g.seen()
	checkHidden(t, map[string]string{"stderr": c.stderr.String()}, append(tokens, secretMark))
}
