package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"qlik-provision/provision/qlik"
)

// A cliContext is one of qlik-cli's connections, as far as we read it.
type cliContext struct {
	Server       string            `yaml:"server"`
	ServerType   string            `yaml:"server-type"`
	Headers      map[string]string `yaml:"headers"`
	ClientID     string            `yaml:"oauth-client-id"`
	ClientSecret string            `yaml:"oauth-client-secret"`
}

// contextsFile is where qlik-cli keeps its connections. Nothing is ever written there.
func contextsFile() (string, error) {
	if dir := os.Getenv("QLIK_CLI_USER_HOME_DIR"); dir != "" {
		return filepath.Join(dir, ".qlik", "contexts.yml"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding qlik-cli's contexts: %w", err)
	}
	return filepath.Join(home, ".qlik", "contexts.yml"), nil
}

// maxContexts bounds what is read of qlik-cli's contexts, in bytes.
const maxContexts = 1 << 20

// readContextsFile reads a contexts.yml that nobody else may read: there are secrets in it.
func readContextsFile(path string) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if err := checkPrivate(info, "qlik-cli's file", path); err != nil {
		return nil, err
	}
	if b, err = io.ReadAll(io.LimitReader(f, maxContexts+1)); err != nil {
		return nil, err
	}
	if len(b) > maxContexts {
		return nil, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return b, nil
}

func readContexts() (path string, contexts map[string]cliContext, err error) {
	path, err = contextsFile()
	if err != nil {
		return "", nil, err
	}
	b, err := readContextsFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		// QLIK_CLI_USER_HOME_DIR is the folder that holds .qlik, or that folder itself.
		inside := filepath.Join(filepath.Dir(filepath.Dir(path)), filepath.Base(path))
		if os.Getenv("QLIK_CLI_USER_HOME_DIR") != "" {
			if b2, err2 := readContextsFile(inside); err2 == nil {
				path, b, err = inside, b2, nil
			}
		}
	}
	if err != nil {
		return path, nil, fmt.Errorf("reading qlik-cli's contexts: %w", err)
	}
	contexts, err = parseContexts(b)
	if err != nil {
		return path, nil, fmt.Errorf("%s: %w", path, err)
	}
	return path, contexts, nil
}

// parseContexts reads the contexts of a contexts.yml. Its errors never hold a value of the file: there are
// secrets among them.
func parseContexts(b []byte) (map[string]cliContext, error) {
	var file struct {
		Contexts map[string]yaml.Node `yaml:"contexts"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		return nil, errors.New("not the YAML of qlik-cli's contexts" + lineOf(err))
	}
	contexts := make(map[string]cliContext, len(file.Contexts))
	for name, node := range file.Contexts {
		var c cliContext
		if err := node.Decode(&c); err != nil {
			return nil, fmt.Errorf("the context %q is not as qlik-cli writes it (line %d)", name, node.Line)
		}
		contexts[name] = c
	}
	return contexts, nil
}

// lineOf is where a YAML error arose, and nothing else of it.
func lineOf(err error) string {
	_, rest, ok := strings.Cut(err.Error(), "line ")
	if !ok {
		return ""
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if n <= 0 {
		return ""
	}
	return " (line " + rest[:n] + ")"
}

// fromContext takes tenant and credentials from the context of that name.
func fromContext(name string) (qlik.Tenant, qlik.Credentials, error) {
	path, contexts, err := readContexts()
	if err != nil {
		return qlik.Tenant{}, qlik.Credentials{}, orUsage(err, "qlik-cli writes the file: qlik context create")
	}
	c, ok := contexts[name]
	if !ok {
		known := slices.Sorted(maps.Keys(contexts))
		hint := "there is no context in it; create one: qlik context create"
		if len(known) > 0 {
			hint = "its contexts are: " + strings.Join(known, ", ")
		}
		return qlik.Tenant{}, qlik.Credentials{}, usage(fmt.Errorf("%s has no context %q", path, name), hint)
	}
	fail := func(format string, args ...any) (qlik.Tenant, qlik.Credentials, error) {
		return qlik.Tenant{}, qlik.Credentials{}, usage(
			fmt.Errorf("%s: the context %q %s", path, name, fmt.Sprintf(format, args...)),
			"correct it: "+commandLine("qlik", "context", "create", name))
	}
	if c.ServerType != "" && !strings.EqualFold(c.ServerType, "cloud") {
		return fail("is one of server-type %q, not of Qlik Cloud", c.ServerType)
	}
	if c.Server == "" {
		return fail("has no server")
	}
	tenant, err := qlik.ParseTenant(c.Server)
	if err != nil {
		return fail("has an invalid server: %v", err)
	}
	creds, missing := c.credentials()
	if missing != "" {
		return fail("%s", missing)
	}
	return tenant, creds, nil
}

// credentials are those of the context; missing says which field is not there.
func (c cliContext) credentials() (creds qlik.Credentials, missing string) {
	var authorization string
	for key, value := range c.Headers {
		if strings.EqualFold(key, "Authorization") {
			authorization = strings.TrimSpace(value)
		}
	}
	switch {
	case authorization != "":
		scheme, key, ok := strings.Cut(authorization, " ")
		if key = strings.TrimSpace(key); !ok || !strings.EqualFold(scheme, "Bearer") || key == "" {
			return creds, "has an Authorization header that is not Bearer and a key"
		}
		return qlik.Credentials{APIKey: key}, ""
	case c.ClientID != "" && c.ClientSecret != "":
		return qlik.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}, ""
	case c.ClientID != "" || c.ClientSecret != "":
		return creds, "has no " + cmp.Or(missingIf(c.ClientID, "oauth-client-id"), "oauth-client-secret")
	}
	return creds, "has neither headers.Authorization (an API key) nor oauth-client-id and oauth-client-secret"
}

func missingIf(value, name string) string {
	if value == "" {
		return name
	}
	return ""
}
