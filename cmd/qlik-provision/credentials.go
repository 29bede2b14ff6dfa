package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode"

	textunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"qlik-provision/provision/qlik"
)

const (
	credentialsHint = "set QLIK_TENANT, QLIK_CLIENT_ID and QLIK_CLIENT_SECRET (or QLIK_API_KEY), or try it with --sandbox"
	addressAdvice   = "the tenant is what the browser's address bar shows, up to .qlikcloud.com"
)

// chooseTenant decides which tenant to contact, and as whom. A context and the sandbox bring both together.
func (c *config) chooseTenant(ctx context.Context) (err error) {
	if c.tenantURL != "" {
		// With --offline, too: the flag stands in the commands that we print.
		if c.tenant, err = qlik.ParseTenant(c.tenantURL); err != nil {
			return usage(fmt.Errorf("--tenant: %w", err), addressAdvice)
		}
	}
	if c.offline {
		return nil
	}
	if c.context != "" || c.sandbox {
		if err := c.refuseMixing(); err != nil {
			return err
		}
		if c.context == "" {
			return nil
		}
		c.tenant, c.creds, err = fromContext(c.context)
		return errors.Join(err, checkProxy(c.tenant))
	}
	if c.tenantURL == "" {
		address := os.Getenv("QLIK_TENANT")
		if address == "" {
			return errors.New("no tenant: neither --tenant nor QLIK_TENANT is set")
		}
		if c.tenant, err = qlik.ParseTenant(address); err != nil {
			return usage(fmt.Errorf("QLIK_TENANT: %w", err), then("set it right: "+addressAdvice, c.given))
		}
	}
	if err := checkProxy(c.tenant); err != nil {
		return err
	}
	c.creds, err = c.credentials(ctx)
	return err
}

// checkProxy refuses a proxy setting that cannot be parsed.
func checkProxy(tenant qlik.Tenant) error {
	if err := qlik.CheckProxy(tenant); err != nil {
		return usage(err, "correct HTTPS_PROXY, or unset it")
	}
	return nil
}

// refuseMixing is an error where a flag would mix with what --context or --sandbox brings.
func (c *config) refuseMixing() error {
	source, others := "sandbox", []string{"tenant", "client-id", "client-secret-file", "client-secret-command"}
	if c.context != "" {
		source, others = "context", append(others, "sandbox")
	}
	for _, other := range others {
		if c.given.has(other) {
			return usage(fmt.Errorf("--%s and --%s: --%[1]s brings tenant and credentials together", source, other),
				"leave one of them out")
		}
	}
	return nil
}

// credentials are those of the flags, which hide all of the environment's, or else those of the environment.
func (c *config) credentials(ctx context.Context) (creds qlik.Credentials, err error) {
	source := "--client-secret-file"
	if c.secretCommand != "" {
		source = "--client-secret-command"
	}
	const hides = ": a credential flag hides the credentials in the environment"
	switch secret := c.secretFile != "" || c.secretCommand != ""; {
	case c.secretFile != "" && c.secretCommand != "":
		return creds, usage(errors.New("--client-secret-file and --client-secret-command"), "leave one of them out")
	case c.clientID == "" && !secret:
		return environmentCredentials()
	case !secret:
		return creds, usage(errors.New("--client-id without a secret"+hides),
			"give --client-secret-file or --client-secret-command, too, or leave --client-id out")
	case c.clientID == "":
		hint := "give --client-id, too"
		if id := os.Getenv("QLIK_CLIENT_ID"); id != "" {
			hint = choice(hint, c.given.with("client-id", id))
		}
		return creds, usage(fmt.Errorf("%s without --client-id%s, QLIK_CLIENT_ID too", source, hides), hint)
	}
	creds.ClientID = c.clientID
	if c.secretCommand != "" {
		creds.ClientSecret, err = c.runSecretCommand(ctx, c.secretCommand)
	} else {
		creds.ClientSecret, err = c.readSecretFile(c.secretFile)
	}
	return creds, err
}

func environmentCredentials() (creds qlik.Credentials, err error) {
	for _, v := range []struct {
		name string
		to   *string
	}{{"QLIK_CLIENT_ID", &creds.ClientID}, {"QLIK_CLIENT_SECRET", &creds.ClientSecret}, {"QLIK_API_KEY", &creds.APIKey}} {
		// Whatever set the variable may have left the line end of a file in it.
		*v.to = strings.TrimSpace(os.Getenv(v.name))
		if isQuoted(*v.to) {
			return qlik.Credentials{}, usage(fmt.Errorf("%s has double quotes around it, which are not part of it", v.name),
				"set it without the quotes")
		}
	}
	switch client := creds.ClientID != "" || creds.ClientSecret != ""; {
	case client && creds.APIKey != "":
		return creds, usage(errors.New("QLIK_API_KEY is set, and QLIK_CLIENT_ID or QLIK_CLIENT_SECRET is, too"),
			"unset the ones you do not use")
	case creds.APIKey != "":
		return creds, nil
	case !client:
		return creds, errors.New("no credentials: neither QLIK_CLIENT_ID and QLIK_CLIENT_SECRET nor QLIK_API_KEY are set")
	case creds.ClientID == "":
		return creds, errors.New("QLIK_CLIENT_SECRET is set, but QLIK_CLIENT_ID is not")
	case creds.ClientSecret == "":
		return creds, errors.New("QLIK_CLIENT_ID is set, but QLIK_CLIENT_SECRET is not")
	}
	return creds, nil
}

// isQuoted reports whether s has the double quotes around it that set and echo of cmd.exe leave in it.
func isQuoted(s string) bool { return len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' }

// checkSendable is an error where a credential is no line of text. It does not say which characters it holds: they are
// part of a secret.
func checkSendable(creds qlik.Credentials) error {
	for _, part := range []struct{ name, value string }{
		{"client's ID", creds.ClientID}, {"client's secret", creds.ClientSecret}, {"API key", creds.APIKey},
	} {
		if strings.ContainsFunc(part.value, unicode.IsControl) {
			return fmt.Errorf("the %s holds a line end or another control character, which a header cannot hold", part.name)
		}
	}
	return nil
}

const (
	maxSecret     = 64 << 10         // bytes of a secret's source
	secretTimeout = 60 * time.Second // a password manager may ask for a touch
)

// readSecretFile reads the client's secret from a file.
func (c *config) readSecretFile(path string) (string, error) {
	wrong := func(why, what string) (string, error) {
		return "", usage(fmt.Errorf("the secret file %s %s", path, why), then(what, c.given))
	}
	b, err := readPrivate(path, "the secret file", maxSecret)
	switch near := nearFile(path); {
	case is[*failure](err):
		return "", err
	case err != nil && near != "":
		return "", usage(fmt.Errorf("reading the client's secret: %w", err),
			choice("did you mean "+quote(near)+"?", c.given.with("client-secret-file", near)))
	case err != nil:
		return "", usage(fmt.Errorf("reading the client's secret: %w", err), "check the name of the file")
	}
	secret := strings.TrimSpace(decodeSecret(b))
	switch {
	case secret == "":
		return wrong("is empty", "write the secret into it, on one line")
	case len(b) > maxSecret, strings.ContainsAny(secret, "\x00\r\n"):
		return wrong("holds more than a secret", "write only the secret into it, on one line")
	case isQuoted(secret):
		return wrong("has double quotes around the secret, which are not part of it", "write the secret without the quotes")
	}
	return secret, nil
}

// decodeSecret takes off a byte order mark, and decodes UTF-16, which PowerShell 5.1 writes with >.
func decodeSecret(b []byte) string {
	decoded, _, _ := transform.Bytes(textunicode.BOMOverride(transform.Nop), b) // what is malformed becomes U+FFFD
	return string(decoded)
}

// readPrivate reads a file with secrets in it, up to one byte more than most. It refuses a regular file that others may
// read, on systems that have such modes.
func readPrivate(path, what string, most int64) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return nil, usage(fmt.Errorf("%s %s can be read by others (mode %04o)", what, path, mode.Perm()),
			"chmod 600 "+quote(argument(path)))
	}
	return io.ReadAll(io.LimitReader(f, most+1))
}

// runSecretCommand runs a command in the platform's shell; the first line of its output is the secret. Its standard
// error and input are ours, so that a password manager can ask.
func (c *config) runSecretCommand(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	cmd := shellCommand(ctx, line)
	cmd.Stderr = os.Stderr
	if !isStdin(c.given.file) { // else it would read of the export
		cmd.Stdin = os.Stdin
	}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", &failure{code: exitInterrupted, err: errInterrupted, hint: c.given.String()}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it took longer than %v", secretTimeout)
	}
	if err != nil {
		return "", usage(fmt.Errorf("--client-secret-command failed: %w", err),
			"run the command by itself: it prints the secret")
	}
	secret, _, _ := strings.Cut(decodeSecret(out), "\n")
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", usage(errors.New("--client-secret-command printed nothing on its first line"),
			"run the command by itself: it prints the secret")
	}
	return secret, nil
}
