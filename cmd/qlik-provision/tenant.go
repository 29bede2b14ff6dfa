package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
	textunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// chooseTenant decides which tenant to contact, and as whom. A context and the sandbox bring both together.
func (c *config) chooseTenant(ctx context.Context) (err error) {
	var from source
	switch {
	case c.sandbox:
		from.address = "http://localhost" // where nothing is sent to
		c.inMemory = sandbox.New(sandbox.Options{})
		o := c.inMemory.Options()
		from.creds.ClientID, from.creds.ClientSecret = o.ClientID, o.ClientSecret
	case c.offline && c.tenantURL == "":
		return nil
	case c.offline: // the flag stands in commands that we print
		from.address = c.tenantURL
	case c.context != "":
		from, err = contextSource(c.context)
	default:
		from, err = c.typedSource(ctx)
	}
	if err != nil {
		return err
	}
	c.tenant, err = qlik.ParseTenant(from.address)
	switch {
	case err != nil && c.context != "":
		return usage(fmt.Errorf("%s: %w", from.name, err), from.hint)
	case err != nil:
		return usage(err, "the tenant is what the browser's address bar shows, up to .qlikcloud.com")
	}
	c.creds = from.creds
	if c.offline || c.sandbox {
		return nil
	}
	if _, err := qlik.Proxy(c.tenant); err != nil {
		return usage(err, "correct HTTPS_PROXY, or unset it")
	}
	return from.check()
}

// tenantName is how the result file calls the tenant.
func (c *config) tenantName() string {
	switch {
	case c.offline:
		return ""
	case c.sandbox:
		return sandboxTenant
	}
	return c.tenant.Host()
}

// announceTenant says which tenant a run is for: the first line of every run.
func (c *config) announceTenant() {
	name := c.tenantName()
	c.summary["tenant"] = name
	switch {
	case c.offline:
		name = "not contacted (offline)"
	case c.sandbox:
		name += ", in memory, for this run only"
	}
	c.note("tenant: " + name)
}

// sandboxTenant is what a result file calls the tenant of --sandbox.
const sandboxTenant = "sandbox"

// A source is where the address of the tenant and the credentials come from.
type source struct {
	name    string // as the subject of a sentence
	address string
	creds   qlik.Credentials
	hint    string // how to correct it
}

// typedSource is the flags, or else the environment: a credential flag hides all credentials there.
func (c *config) typedSource(ctx context.Context) (from source, err error) {
	read := func(name string) string { return strings.TrimSpace(os.Getenv(name)) } // a line end may have come from a file
	from.address = cmp.Or(c.tenantURL, read("QLIK_TENANT"))
	if from.address == "" {
		return from, usage(errors.New("no tenant: neither --tenant nor QLIK_TENANT is set"),
			"set QLIK_TENANT, QLIK_CLIENT_ID and QLIK_CLIENT_SECRET (or QLIK_API_KEY), or try it with --sandbox")
	}
	if c.clientID != "" || c.secretFile != "" || c.secretCommand != "" {
		from.name = "the command line"
		from.hint = "give --client-id and the flag of its secret: one of them alone hides all credentials in the environment"
		from.creds.ClientID = c.clientID
		from.creds.ClientSecret, err = c.readSecret(ctx)
		return from, err
	}
	from.name, from.hint = "the environment", "set QLIK_CLIENT_ID and QLIK_CLIENT_SECRET, or QLIK_API_KEY"
	from.creds.ClientID, from.creds.ClientSecret = read("QLIK_CLIENT_ID"), read("QLIK_CLIENT_SECRET")
	from.creds.APIKey = read("QLIK_API_KEY")
	return from, nil
}

// readSecret reads the client's secret: the first line of a file, or of what a command prints. It is "" where neither
// is given.
func (c *config) readSecret(ctx context.Context) (secret string, err error) {
	var read []byte
	name, hint := "the secret file "+c.secretFile, "write the secret into it, on one line"
	switch {
	case c.secretFile != "":
		read, err = readPrivate(c.secretFile, "the secret file", "check the name of the file")
	case c.secretCommand != "":
		name, hint = "the output of --client-secret-command", "run the command by itself: it prints the secret"
		read, err = c.runSecretCommand(ctx, hint)
	default:
		return "", nil
	}
	if err != nil {
		return "", err
	}
	// A byte order mark goes, and UTF-16 is decoded, which PowerShell 5.1 writes with >.
	decoded, _, _ := transform.Bytes(textunicode.BOMOverride(transform.Nop), read) // what is malformed becomes U+FFFD
	line, _, _ := strings.Cut(strings.TrimSpace(string(decoded)), "\n")
	if line == "" {
		return "", usage(errors.New(name+" is empty"), hint)
	}
	return strings.TrimSpace(line), nil
}

// runSecretCommand returns what the command of a secret prints, run in the platform's shell. Its standard error and
// input are ours, so that a password manager can ask; not the input where it is the export.
func (c *config) runSecretCommand(ctx context.Context, hint string) ([]byte, error) {
	// A password manager may ask for a touch.
	limited, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("it took longer than a minute"))
	defer cancel()
	var out boundedBuffer
	cmd := shellCommand(limited, c.secretCommand)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if !isStdin(c.given.file) {
		cmd.Stdin = os.Stdin
	}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, usage(fmt.Errorf("--client-secret-command failed: %w", cmp.Or(context.Cause(limited), err)), hint)
	}
	return out.b.Bytes(), nil
}

// A boundedBuffer takes no more than maxPrivate bytes.
type boundedBuffer struct{ b bytes.Buffer }

func (o *boundedBuffer) Write(p []byte) (int, error) {
	if o.b.Len()+len(p) > maxPrivate {
		return 0, errors.New("it is larger than 1 MiB")
	}
	return o.b.Write(p)
}

// A cliContext is one of qlik-cli's connections, as far as we read it.
type cliContext struct {
	Server       string            `yaml:"server"`
	Headers      map[string]string `yaml:"headers"`
	ClientID     string            `yaml:"oauth-client-id"`
	ClientSecret string            `yaml:"oauth-client-secret"`
}

// contextSource is the context of that name.
func contextSource(name string) (source, error) {
	path, contexts, err := readContexts()
	if err != nil {
		return source{}, err
	}
	c, ok := contexts[name]
	if !ok {
		return source{}, usage(fmt.Errorf("%s has no context %q", path, name),
			"its contexts are: "+strings.Join(slices.Sorted(maps.Keys(contexts)), ", "))
	}
	return source{
		name: fmt.Sprintf("the context %q of %s", name, path), address: c.Server, creds: c.credentials(),
		hint: "correct it: " + commandLine("qlik", "context", "create", name),
	}, nil
}

// readContexts reads qlik-cli's contexts, by name. QLIK_CLI_USER_HOME_DIR is the folder that holds .qlik, or that
// folder itself.
func readContexts() (path string, contexts map[string]cliContext, err error) {
	const hint = "qlik-cli writes the file: qlik context create"
	home, _ := os.UserHomeDir() // without one the file is not found
	home = cmp.Or(os.Getenv("QLIK_CLI_USER_HOME_DIR"), home)
	paths := []string{filepath.Join(home, ".qlik", "contexts.yml"), filepath.Join(home, "contexts.yml")}
	i := slices.IndexFunc(paths, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular() // opening a pipe would wait for its writer
	})
	if i < 0 {
		return "", nil, usage(fmt.Errorf("reading qlik-cli's contexts: neither %s nor %s is a regular file", paths[0],
			paths[1]), hint)
	}
	b, err := readPrivate(paths[i], "qlik-cli's contexts", hint)
	if err != nil {
		return "", nil, err
	}
	if contexts, err = parseContexts(b); err != nil {
		err = usage(fmt.Errorf("%s: %w", paths[i], err), hint)
	}
	return paths[i], contexts, err
}

// parseContexts reads the contexts of a contexts.yml. Its error does not say what is wrong: there are secrets in it.
func parseContexts(b []byte) (map[string]cliContext, error) {
	var file struct {
		Contexts map[string]cliContext `yaml:"contexts"`
	}
	if yaml.Unmarshal(b, &file) != nil {
		return nil, errors.New("not the YAML of qlik-cli's contexts")
	}
	return file.Contexts, nil
}

// credentials are the API key of the context, or else its client.
func (c cliContext) credentials() qlik.Credentials {
	if key, ok := strings.CutPrefix(c.Headers["Authorization"], "Bearer "); ok {
		return qlik.Credentials{APIKey: strings.TrimSpace(key)}
	}
	return qlik.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}
}

// maxPrivate bounds what is read of a file or an output with secrets in it.
const maxPrivate = 1 << 20 // bytes

// readPrivate reads a file with secrets in it. It refuses a regular file that others may read, on systems that have
// such modes.
func readPrivate(path, what, hint string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage(fmt.Errorf("reading %s: %w", what, err), hint)
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return nil, usage(fmt.Errorf("%s %s can be read by others (mode %04o)", what, path, mode.Perm()),
			"chmod 600 "+quote(argument(path)))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPrivate+1))
	if len(b) > maxPrivate {
		return nil, usage(fmt.Errorf("%s %s is larger than 1 MiB", what, path), hint)
	}
	return b, err
}

// check is an error where the credentials are not those of a client or an API key. It does not show them.
func (s source) check() error {
	id, secret, key := s.creds.ClientID, s.creds.ClientSecret, s.creds.APIKey
	inQuotes := func(part string) bool { return strings.HasPrefix(part, `"`) } // set X="…" in cmd.exe keeps them
	wrong := ""
	switch {
	case id+secret != "" && key != "":
		wrong = "has a client and an API key at once"
	case id+secret+key == "":
		wrong = "has no credentials"
	case key == "" && secret == "":
		wrong = "has a client's ID, but not its secret"
	case key == "" && id == "":
		wrong = "has a client's secret, but not its ID"
	case strings.ContainsFunc(id+secret+key, unicode.IsControl): // no header can hold it
		wrong = "has a credential that is more than one line of text"
	case slices.ContainsFunc([]string{id, secret, key}, inQuotes):
		wrong = "has a credential with double quotes around it, which are not part of it"
	default:
		return nil
	}
	return usage(fmt.Errorf("%s %s", s.name, wrong), s.hint)
}
