package main

import (
	"errors"
	"fmt"
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

// contextsFile is where qlik-cli keeps its connections. QLIK_CLI_USER_HOME_DIR is the folder that holds .qlik, or that
// folder itself.
func contextsFile() (string, error) {
	home := os.Getenv("QLIK_CLI_USER_HOME_DIR")
	if path := filepath.Join(home, "contexts.yml"); home != "" {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", fmt.Errorf("finding qlik-cli's contexts: %w", err)
		}
	}
	return filepath.Join(home, ".qlik", "contexts.yml"), nil
}

// maxContexts bounds what is read of qlik-cli's contexts, in bytes.
const maxContexts = 1 << 20

// readContexts reads qlik-cli's contexts, by name, from a file that nobody else may read: there are secrets in it.
func readContexts() (path string, contexts map[string]cliContext, err error) {
	path, err = contextsFile()
	if err != nil {
		return "", nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return path, nil, fmt.Errorf("reading qlik-cli's contexts: %s is not a regular file", path)
	}
	b, err := readPrivate(path, "qlik-cli's file", maxContexts)
	if err == nil && len(b) > maxContexts {
		err = fmt.Errorf("%s is larger than 1 MiB", path)
	}
	if err != nil {
		return path, nil, fmt.Errorf("reading qlik-cli's contexts: %w", err)
	}
	if contexts, err = parseContexts(b); err != nil {
		return path, nil, fmt.Errorf("%s: %w", path, err)
	}
	return path, contexts, nil
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

// fromContext takes tenant and credentials from the context of that name.
func fromContext(name string) (tenant qlik.Tenant, creds qlik.Credentials, err error) {
	path, contexts, err := readContexts()
	if err != nil {
		return tenant, creds, orUsage(err, "qlik-cli writes the file: qlik context create")
	}
	c, ok := contexts[name]
	if !ok {
		hint := "there is no context in it; create one: qlik context create"
		if len(contexts) > 0 {
			hint = "its contexts are: " + strings.Join(slices.Sorted(maps.Keys(contexts)), ", ")
		}
		return tenant, creds, usage(fmt.Errorf("%s has no context %q", path, name), hint)
	}
	tenant, err = qlik.ParseTenant(c.Server)
	creds, wrong := c.credentials()
	switch {
	case c.ServerType != "" && !strings.EqualFold(c.ServerType, "cloud"):
		wrong = fmt.Sprintf("is one of server-type %q, not of Qlik Cloud", c.ServerType)
	case c.Server == "":
		wrong = "has no server"
	case err != nil:
		wrong = "has an invalid server: " + err.Error()
	}
	if wrong != "" {
		return tenant, creds, usage(fmt.Errorf("%s: the context %q %s", path, name, wrong),
			"correct it: "+commandLine("qlik", "context", "create", name))
	}
	return tenant, creds, nil
}

// credentials are those of the context; wrong says what is wrong with it.
func (c cliContext) credentials() (creds qlik.Credentials, wrong string) {
	for key, value := range c.Headers {
		if scheme, token, _ := strings.Cut(strings.TrimSpace(value), " "); strings.EqualFold(key, "Authorization") {
			if creds.APIKey = strings.TrimSpace(token); creds.APIKey == "" || !strings.EqualFold(scheme, "Bearer") {
				return qlik.Credentials{}, "has an Authorization header that is not Bearer and a key"
			}
			return creds, ""
		}
	}
	switch {
	case c.ClientID != "" && c.ClientSecret != "":
		return qlik.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}, ""
	case c.ClientID != "":
		return creds, "has no oauth-client-secret"
	case c.ClientSecret != "":
		return creds, "has no oauth-client-id"
	}
	return creds, "has neither headers.Authorization (an API key) nor oauth-client-id and oauth-client-secret"
}
