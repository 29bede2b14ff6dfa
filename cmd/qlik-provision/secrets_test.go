package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// The marks stand in the middle of secrets that need escaping everywhere: whatever way a secret gets out, its
// mark shows.
const (
	secretMark   = "MARKSECRET0123456789abcdef"
	keyMark      = "MARKAPIKEY0123456789abcdef"
	markedSecret = `s"\/<&>+%41` + secretMark + `ü&=`
	markedKey    = "eyJhbGciOi.J9+/<&>" + keyMark + "=="
)

// An echo answers with what the request said.
type echo func(w http.ResponseWriter, said string)

func echoJSON(status int, body func(said string) any) echo {
	return func(w http.ResponseWriter, said string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body(said))
	}
}

// echoError is an error in the tenant's form.
func echoError(status int) echo {
	return echoJSON(status, func(said string) any {
		return map[string]any{
			"errors": []any{map[string]any{"code": said, "title": said, "detail": said}}, "traceId": said,
		}
	})
}

func echoUsers(said string) any {
	return map[string]any{"data": []any{map[string]any{
		"id": said, "subject": "00001", "name": said, "email": said + "@example.com", "status": said,
	}}}
}

func echoRoles(said string) any {
	return map[string]any{"data": []any{map[string]any{"id": said, "name": "Steward", "level": said, "type": said}}}
}

func echoLink(said string) any {
	return map[string]any{"data": []any{}, "links": map[string]any{"next": map[string]any{
		"href": "https://" + bearer(said) + ".example.com/",
	}}}
}

func echoPage(status int) echo {
	return func(w http.ResponseWriter, said string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html>"+said)
	}
}

func echoRedirect(w http.ResponseWriter, said string) {
	w.Header().Set("Location", "https://example.com/?"+url.QueryEscape(said))
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// echoRaw writes bytes that are no answer of HTTP.
func echoRaw(format string) echo {
	return func(w http.ResponseWriter, said string) { hijack(w, fmt.Sprintf(format, bearer(said))) }
}

// bearer is the token in what a request said.
func bearer(said string) string {
	_, token, _ := strings.Cut(said, "Bearer ")
	token, _, _ = strings.Cut(token, " ")
	return token
}

func TestSecretsThatTheTenantEchoesAreHidden(t *testing.T) {
	t.Parallel()
	const token, filter, create, list = sandbox.EndpointToken, sandbox.EndpointFilter, sandbox.EndpointCreate,
		sandbox.EndpointList
	for _, test := range []struct {
		name string
		on   sandbox.Endpoint
		line string
		key  bool // an API key in the place of client and secret
		echo echo
	}{
		{"a wrong secret", token, "create hr.csv", false, echoError(401)},
		{"a wrong secret, in OAuth's form", token, "create hr.csv", false, echoJSON(400, func(said string) any {
			return map[string]any{"error": said, "error_description": said}
		})},
		{"a page for a token", token, "plan hr.csv", false, echoPage(200)},
		{"a wrong key", filter, "create hr.csv", true, echoError(401)},
		{"a key without the right", create, "create hr.csv", true, echoError(403)},
		{"a token without the right", create, "create hr.csv", false, echoError(403)},
		{"refused lookups", filter, "create hr.csv", false, echoError(403)},
		{"lookups that fail", filter, "create hr.csv", false, echoError(500)},
		{"refused rows", create, "create hr.csv", false, echoError(400)},
		{"creates that fail", create, "create hr.csv", false, echoError(500)},
		{"refused changes", sandbox.EndpointPatch, "disable hr.csv --yes -o hr.results.csv", false, echoError(400)},
		{"refused deletes", sandbox.EndpointDelete, "undo hr.results.csv --yes", false, echoError(400)},
		{"refused roles", sandbox.EndpointRoles, "create hr.csv --role Steward", false, echoError(403)},
		{"a role with that ID", sandbox.EndpointRoles, "create hr.csv --role Steward", false, echoJSON(200, echoRoles)},
		{"a page", create, "create hr.csv", false, echoPage(404)},
		{"users with that name", filter, "create hr.csv", false, echoJSON(200, echoUsers)},
		{"a user with that ID", create, "create hr.csv", false, echoJSON(201, func(said string) any {
			_, subject, _ := strings.Cut(said, `"subject":"`)
			subject, _, _ = strings.Cut(subject, `"`)
			return map[string]any{"id": said, "subject": subject}
		})},
		{"a link", filter, "plan hr.csv", false, echoJSON(200, echoLink)},
		{"a redirect", create, "create hr.csv", false, echoRedirect},
		{"no HTTP", filter, "plan hr.csv", false, echoRaw("Authorization: Bearer %s\r\n\r\n")},
		{"no header", filter, "plan hr.csv", false, echoRaw("HTTP/1.1 200 OK\r\nBearer %s\r\n\r\n")},
		{"no length", filter, "plan hr.csv", false, echoRaw("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n")},
		{"a single row's lookup", list, "create hr.csv --no-lookup", false, echoError(500)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tenant := newTenant(sandbox.Options{ClientSecret: markedSecret, APIKey: markedKey})
			p := newProgram(t, tenant)
			p.write(t, "hr.csv", 4)
			g := &gateway{tenant: tenant, on: test.on}
			g.answer = func(w http.ResponseWriter, said string, _ func() *httptest.ResponseRecorder) { test.echo(w, said) }
			p.serve(t, g)
			switch test.on {
			case list, sandbox.EndpointPatch:
				tenant.Add(person(1))
			case sandbox.EndpointDelete:
				p.expect(t, exitDone, "create", "hr.csv")
			}
			if test.key {
				p.env = append(p.env, "QLIK_CLIENT_ID=", "QLIK_CLIENT_SECRET=", "QLIK_API_KEY="+markedKey)
			}
			code, written := p.watched(t, append(strings.Fields(test.line), "--attempts", "1", "--patience", "2s"))
			tokens, struck := g.seen()
			if struck == 0 || code < exitDone || code > exitRun {
				t.Errorf("exit code %d, %d answers with an echo\n%s", code, struck, written["stderr"])
			}
			checkHidden(t, written, append(tokens, secretMark, keyMark))
		})
	}
}

func TestSecretsAsWindowsWritesThem(t *testing.T) {
	t.Parallel()
	tenant := newTenant(sandbox.Options{})
	p := newProgram(t, tenant)
	p.write(t, "hr.csv", 1)
	secret := tenant.Options().ClientSecret
	var low, high strings.Builder
	for _, c := range []byte(secret + "\r\n") {
		low.Write([]byte{c, 0})
		high.Write([]byte{0, c})
	}
	for name, text := range map[string]string{
		"with a line end": secret + "\r\n",
		"UTF-8 with BOM":  "\ufeff" + secret + "\r\n",
		"UTF-16":          "\xff\xfe" + low.String(),
		"UTF-16, big end": "\xfe\xff" + high.String(),
		"with a comment":  secret + "\r\n# of the client for HR\r\n",
	} {
		p.writeText(t, "secret", text)
		id := tenant.Options().ClientID
		c := p.expect(t, exitDone, "plan", "hr.csv", "--client-id", id, "--client-secret-file", "secret")
		if strings.Contains(c.stderr.String(), secret) {
			t.Errorf("%s:\n%s", name, &c.stderr)
		}
	}
	p.env = append(p.env, `QLIK_CLIENT_SECRET="`+secret+`"`)
	if c := p.expect(t, exitUsage, "plan", "hr.csv"); !strings.Contains(c.stderr.String(),
		"the environment has a credential with double quotes around it") {
		t.Errorf("%s", &c.stderr)
	}
}

// watched runs a command with a log and a summary, and returns all that it writes, by file, while it runs and after it;
// a page of the result file, too.
func (p *program) watched(t *testing.T, args []string) (code int, written map[string]string) {
	t.Helper()
	written = map[string]string{}
	c := p.command(append(args, "--json", "--log", "requests.log")...)
	c.start(t)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			p.collect(written)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	code = c.end(t)
	close(stop)
	watching.Wait()
	page, _ := p.run(t, "report", "hr.results.csv")
	written["stdout"], written["stderr"], written["report"] = c.stdout.String(), c.stderr.String(), page.stderr.String()
	p.collect(written)
	return code, written
}

// collect adds what stands in the program's folder now, but for what a test put there itself.
func (p *program) collect(written map[string]string) {
	_ = filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(p.dir, path)
		if err != nil || relErr != nil || d.IsDir() || name == "secret" || strings.HasPrefix(name, "home") {
			return nil
		}
		if b, err := os.ReadFile(path); err == nil && !strings.HasSuffix(written[name], string(b)) {
			written[name] += string(b)
		}
		return nil
	})
}

func checkHidden(t *testing.T, written map[string]string, secrets []string) {
	t.Helper()
	for where, text := range written {
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 && secret != "" {
				t.Errorf("%s holds %s: …%s…", where, secret, text[max(0, i-100):min(len(text), i+len(secret)+20)])
			}
		}
	}
}
