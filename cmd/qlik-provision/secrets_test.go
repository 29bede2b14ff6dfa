package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
)

// The marks stand in the middle of secrets that need escaping everywhere: whatever way a secret gets out, its mark shows.
const (
	secretMark = "MARKSECRET0123456789abcdef"
	keyMark    = "MARKAPIKEY0123456789abcdef"
	markSecret = `s"\/<&>+%41` + secretMark + `ü&=`
	markKey    = "eyJhbGciOi.J9+/<&>" + keyMark + "=="
)

// A tattler is a tenant, or what stands in front of one, that shows in its answers what it was sent.
type tattler struct {
	tenant *sandbox.Tenant
	// answer answers a request in the tenant's place, or reports false. said is all that the request said.
	answer func(w http.ResponseWriter, r *http.Request, said string) bool

	mu     sync.Mutex
	tokens map[string]bool // guarded by mu: all that came
}

func (tt *tattler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	header := r.Header.Get("Authorization")
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		tt.mu.Lock()
		tt.tokens[token] = true
		tt.mu.Unlock()
	}
	if tt.answer == nil || !tt.answer(w, r, "Authorization: "+header+" "+url.QueryEscape(header)+" "+string(body)) {
		tt.tenant.ServeHTTP(w, r)
	}
}

// tells answers requests to a path with an error body that has what was said in every field.
func tells(path string, status int) func(http.ResponseWriter, *http.Request, string) bool {
	return says(path, status, func(said string) any {
		return map[string]any{"errors": []any{map[string]any{"code": said, "title": said, "detail": said}}, "traceId": said}
	})
}

func says(path string, status int, what func(said string) any) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, said string) bool {
		if r.URL.Path != path {
			return false
		}
		body, err := json.Marshal(what(said))
		if err != nil {
			panic(err)
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return true
	}
}

// speaks answers requests to a path with bytes that are no HTTP, or too much of it.
func speaks(path string, bytes func(token string) string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.URL.Path != path {
			return false
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, bytes(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
		_ = conn.Close()
		return true
	}
}

const (
	tokenPath  = "/oauth/token"
	createPath = "/api/v1/users"
	lookupPath = "/api/v1/users/actions/filter"
)

// silent swallows what a server says of handshakes that are meant to fail.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// A failing way for a program with marked secrets to end.
type failing struct {
	name    string
	args    []string // where they are not create hr.csv
	env     []string
	answer  func(http.ResponseWriter, *http.Request, string) bool
	prepare func(t *testing.T, p *program)
	during  func(t *testing.T, cmd *exec.Cmd, tt *tattler)
	exits   []int
}

func usersOf(said string) any {
	return map[string]any{"data": []any{map[string]any{"id": said, "subject": "00001", "name": said, "email": said + "@example.com", "status": said}}}
}

// subjectIn is the subject that a create asked for.
func subjectIn(said string) string {
	_, subject, _ := strings.Cut(said, `"subject":"`)
	subject, _, _ = strings.Cut(subject, `"`)
	return subject
}

func linkTo(host func(said string) string) func(string) any {
	return func(said string) any {
		_, token, _ := strings.Cut(said, "Bearer ")
		token, _, _ = strings.Cut(token, " ")
		return map[string]any{"data": []any{}, "links": map[string]any{"next": map[string]any{"href": host(token)}}}
	}
}

func key(env ...string) []string {
	return append(env, "QLIK_CLIENT_ID=", "QLIK_CLIENT_SECRET=", "QLIK_API_KEY="+markKey)
}

func failings() []failing {
	redirect := func(to func(said string) string) func(http.ResponseWriter, *http.Request, string) bool {
		return func(w http.ResponseWriter, r *http.Request, said string) bool {
			w.Header().Set("Location", to(said))
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}
	}
	file := func(name, text string, mode os.FileMode) func(t *testing.T, p *program) {
		return func(t *testing.T, p *program) {
			path := filepath.Join(p.dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	contexts := func(text string) func(t *testing.T, p *program) {
		return file("home/.qlik/contexts.yml", text, 0o600)
	}
	context := []string{"create", "hr.csv", "--context", "prod"}
	home := []string{"QLIK_CLI_USER_HOME_DIR=home"}
	return []failing{
		{name: "a wrong secret", answer: tells(tokenPath, 401), exits: []int{3}},
		{name: "a wrong secret, in OAuth's words", exits: []int{3}, answer: says(tokenPath, 400, func(said string) any {
			return map[string]any{"error": said, "error_description": said}
		})},
		{name: "a token endpoint with a page", answer: says(tokenPath, 200, func(said string) any { return "<html>" + said }), args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}},
		{name: "a wrong key", env: key(), answer: tells(lookupPath, 401), exits: []int{3}},
		{name: "a key without the right", env: key(), answer: tells(createPath, 403), exits: []int{3}},
		{name: "a token without the right", answer: tells(createPath, 403), exits: []int{3}},
		{name: "lookups that are refused", answer: tells(lookupPath, 403), exits: []int{0}},
		{name: "lookups that fail", answer: tells(lookupPath, 500), exits: []int{0}},
		{name: "rows that are refused", answer: tells(createPath, 400), exits: []int{1}},
		{name: "rows without an answer", answer: tells(createPath, 500), args: []string{"create", "hr.csv", "--attempts", "1"}, exits: []int{1}},
		{name: "a gateway's page", exits: []int{3}, answer: func(w http.ResponseWriter, r *http.Request, said string) bool {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<html>"+said)
			return true
		}},
		{name: "users who are called that", answer: says(lookupPath, 200, usersOf), exits: []int{1}},
		{name: "a new user who is called that", exits: []int{0}, answer: says(createPath, 201, func(said string) any {
			return map[string]any{"id": said, "subject": subjectIn(said)}
		})},
		{name: "a link elsewhere", answer: says(lookupPath, 200, linkTo(func(token string) string { return "https://" + token + ".example.com/" })), args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}},
		{name: "a link that is none", answer: says(lookupPath, 200, linkTo(func(token string) string { return "https://[" + token })), args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}},
		{name: "a link to a path", answer: says(lookupPath, 200, linkTo(func(token string) string { return "/api/" + token })), args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}},
		{name: "a redirect", answer: redirect(func(said string) string { return "https://example.com/?" + url.QueryEscape(said) }), exits: []int{3}},
		{name: "a redirect to nowhere", answer: redirect(func(said string) string { return "https://[%zz" + url.PathEscape(said) }), exits: []int{3}},
		{name: "an answer that is no HTTP", args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}, answer: speaks(lookupPath, func(token string) string {
			return "Authorization: Bearer " + token + "\r\n\r\n"
		})},
		{name: "a header that is none", args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}, answer: speaks(lookupPath, func(token string) string {
			return "HTTP/1.1 200 OK\r\nBearer " + token + "\r\n\r\n"
		})},
		{name: "a length that is none", args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}, answer: speaks(lookupPath, func(token string) string {
			return "HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n"
		})},
		{name: "a certificate of nobody's", env: []string{"QLIK_TENANT=tls"}, exits: []int{3}},
		{name: "a tenant that is not there", env: []string{"QLIK_TENANT=http://127.0.0.1:1"}, args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}},
		{name: "a proxy that is not there", env: []string{"QLIK_TENANT=https://acme.invalid", "NO_PROXY=", "no_proxy=", "HTTPS_PROXY=http://user:" + secretMark + "@127.0.0.1:1"}, args: []string{"plan", "hr.csv", "--attempts", "1"}, exits: []int{3}},
		{name: "a URL with a password", env: []string{"QLIK_TENANT=https://me:" + secretMark + "@acme.eu.qlikcloud.com"}, exits: []int{2}},
		{name: "a URL with a password and a mistake", env: []string{"QLIK_TENANT=https://me:" + secretMark + "%zz@acme.eu.qlikcloud.com"}, exits: []int{2}},
		{name: "client and key at once", env: []string{"QLIK_API_KEY=" + markKey}, exits: []int{2}},
		{name: "a secret without its client", env: []string{"QLIK_CLIENT_ID="}, exits: []int{2}},
		{name: "a secret with a line end inside", env: []string{"QLIK_CLIENT_SECRET=" + secretMark + "\nmore"}, exits: []int{2}},
		{name: "a key with a line end inside", env: key("QLIK_TENANT=http://127.0.0.1:1")[:3:3], args: []string{"create", "hr.csv"}, prepare: func(_ *testing.T, p *program) {
			p.env = append(p.env, "QLIK_API_KEY="+keyMark+"\r\nX-More: yes")
		}, exits: []int{2}},
		{name: "a secret as a flag", args: []string{"create", "hr.csv", "--client-secret=" + secretMark}, exits: []int{2}},
		{name: "a secret as a flag, in a URL, with nobody asked", args: []string{"plan", "hr.csv", "--offline", "--tenant", "https://me:" + secretMark + "@acme.eu.qlikcloud.com"}, exits: []int{2}},
		{name: "a flag that is none", args: []string{"create", "hr.csv", "--rate", "fast"}, exits: []int{2}},
		{name: "a secret file for everybody", prepare: file("secret", markSecret, 0o644), args: []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "secret"}, exits: []int{2}},
		{name: "a secret file with more in it", prepare: file("secret", "secret: "+markSecret+"\nmore\n", 0o600), args: []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "secret"}, exits: []int{2}},
		{name: "a wrong secret from a file", prepare: file("secret", markSecret, 0o600), args: []string{"create", "hr.csv", "--client-id", "me", "--client-secret-file", "secret"}, answer: tells(tokenPath, 401), exits: []int{3}},
		{name: "contexts that are no YAML", prepare: contexts("contexts:\n  prod:\n\tkey: " + markKey + "\n oauth-client-secret: [" + secretMark), args: context, env: home, exits: []int{2}},
		{name: "contexts of another shape", prepare: contexts("contexts:\n  prod: " + secretMark + "\n"), args: context, env: home, exits: []int{2}},
		{name: "contexts with headers that are none", prepare: contexts("contexts:\n  prod:\n    server: https://acme.eu.qlikcloud.com\n    headers: [" + keyMark + "]\n"), args: context, env: home, exits: []int{2}},
		{name: "a context with another scheme", prepare: contexts("contexts:\n  prod:\n    server: https://acme.eu.qlikcloud.com\n    headers:\n      Authorization: Basic " + keyMark + "\n"), args: context, env: home, exits: []int{2}},
		{name: "a context without its client", prepare: contexts("contexts:\n  prod:\n    server: https://acme.eu.qlikcloud.com\n    oauth-client-secret: " + secretMark + "\n"), args: context, env: home, exits: []int{2}},
		{name: "an export that cannot be trusted", args: []string{"create", "bad.csv"}, prepare: file("bad.csv", "Employee ID,Name\n1\n", 0o600), exits: []int{2}},
		{name: "a crash", args: []string{"create", "hr.csv", "--timeout", "1m"}, env: []string{"GOTRACEBACK=all"}, answer: hangs(createPath), during: crashes, exits: []int{2, -1}},
		{name: "an interrupt", args: []string{"create", "hr.csv", "--timeout", "1m"}, answer: hangs(createPath), during: interrupts, exits: []int{130}},
		{name: "a full disk", args: []string{"create", "hr.csv", "-o", "disk/hr.results.csv", "--rate", "off"}, prepare: fullDisk, exits: []int{3}, answer: says(createPath, 201, func(said string) any {
			return map[string]any{"id": strings.Repeat(said, 100), "subject": subjectIn(said)}
		})},
	}
}

// hangs never answers requests to a path.
func hangs(path string) func(http.ResponseWriter, *http.Request, string) bool {
	return func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if r.URL.Path != path {
			return false
		}
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

func fullDisk(t *testing.T, p *program) {
	p.write(t, "hr.csv", 300)
	disk := smallDisk(t, 60)
	if err := os.Symlink(disk, filepath.Join(p.dir, "disk")); err != nil {
		t.Fatal(err)
	}
}

func TestNoSecretGetsOutHoweverAProgramFails(t *testing.T) {
	for _, f := range failings() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t)
		})
	}
}

func (f failing) run(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{Limit: sandbox.LimitOff, ClientSecret: markSecret, APIKey: markKey})
	p := newProgram(t, tenant)
	tt := &tattler{tenant: tenant, answer: f.answer, tokens: map[string]bool{}}
	server := httptest.NewServer(tt)
	t.Cleanup(server.Close)
	p.env = append(p.env, "QLIK_TENANT="+server.URL, "TMPDIR="+filepath.Join(p.dir, "tmp"))
	for _, e := range f.env {
		if e == "QLIK_TENANT=tls" {
			overTLS := httptest.NewUnstartedServer(tt)
			overTLS.Config.ErrorLog = silent()
			overTLS.StartTLS()
			t.Cleanup(overTLS.Close)
			e = "QLIK_TENANT=" + overTLS.URL
		}
		p.env = append(p.env, e)
	}
	if err := os.Mkdir(filepath.Join(p.dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.write(t, "hr.csv", 4)
	if f.prepare != nil {
		f.prepare(t, p)
	}
	if f.args == nil {
		f.args = []string{"create", "hr.csv"}
	}
	found := f.search(t, p, tt)
	code := exitCode(t, found.err)
	ok := false
	for _, want := range f.exits {
		ok = ok || code == want
	}
	if !ok {
		t.Errorf("exit code %d, not %v\n%s", code, f.exits, found.written["stderr"])
	}
	tt.mu.Lock()
	defer tt.mu.Unlock()
	secrets := []string{secretMark, keyMark}
	for token := range tt.tokens {
		if token == "" || strings.Contains(token, keyMark) {
			continue
		}
		secrets = append(secrets, token)
	}
	for where, text := range found.written {
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 && !(where == "cmdline" && strings.HasPrefix(f.name, "a secret as a flag")) {
				t.Errorf("%s tells %s: …%s…", where, secret, text[max(0, i-100):min(len(text), i+len(secret)+20)])
			}
		}
	}
}

// What a run wrote, by the name of the file, and how it ended.
type written struct {
	written map[string]string
	err     error
}

// search runs the program, with a log and a summary in JSON, and collects all that it writes, while it runs and after it; a page of the result file as well.
func (f failing) search(t *testing.T, p *program, tt *tattler) written {
	args := append(f.args[:len(f.args):len(f.args)], "--json", "--log", "requests.log")
	cmd, stderr := p.command(args...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			p.read(all)
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid)); err == nil {
				all["cmdline"] += string(b)
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	if f.during != nil {
		f.during(t, cmd, tt)
	}
	err := cmd.Wait()
	close(stop)
	<-watched
	all["stdout"], all["stderr"] = stdout.String(), stderr.String()
	report, reportErr := p.command("report", "hr.results.csv")
	if report.Run() == nil {
		all["stderr of report"] = reportErr.String()
	}
	p.read(all)
	return written{all, err}
}

// read adds what stands in the program's folder now, but for what the test put there itself.
func (p *program) read(all map[string]string) {
	_ = filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(p.dir, path)
		if err != nil || relErr != nil || d.IsDir() || name == "secret" || strings.HasPrefix(name, "home") {
			return nil
		}
		if b, err := os.ReadFile(path); err == nil && !strings.HasSuffix(all[name], string(b)) {
			all[name] += string(b)
		}
		return nil
	})
	if real, err := filepath.EvalSymlinks(filepath.Join(p.dir, "disk")); err == nil {
		entries, _ := os.ReadDir(real)
		for _, e := range entries {
			if b, err := os.ReadFile(filepath.Join(real, e.Name())); err == nil {
				all["disk/"+e.Name()] = string(b)
			}
		}
	}
}

func crashes(t *testing.T, cmd *exec.Cmd, tt *tattler) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no such signal")
	}
	untilCreates(t, tt)
	if err := cmd.Process.Signal(quitSignal); err != nil {
		t.Fatal(err)
	}
}

func interrupts(t *testing.T, cmd *exec.Cmd, tt *tattler) {
	if runtime.GOOS == "windows" {
		t.Skip("a console's Ctrl-C cannot be sent to one process")
	}
	untilCreates(t, tt)
	for range 2 {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		<-time.After(200 * time.Millisecond)
	}
}

func untilCreates(t *testing.T, tt *tattler) {
	until(t, "it sends", func() bool {
		tt.mu.Lock()
		defer tt.mu.Unlock()
		return len(tt.tokens) > 0
	})
	<-time.After(300 * time.Millisecond)
}
