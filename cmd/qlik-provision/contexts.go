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

const maxContexts = 1 << 20 // bytes

// readContexts reads qlik-cli's contexts, by name, from a file that nobody else may read: there are secrets in it.
func readContexts() (path string, contexts map[string]cliContext, err error) {
	path, err = contextsFile()
	if err != nil {
		return "", nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return path, nil, fmt.Errorf("reading qlik-cli's contexts: %s is not a regular file", path)
	}
	b, err := readPrivate(path, "qlik-cli's contexts", maxContexts)
	if err != nil {
		return path, nil, err
	}
	if contexts, err = parseContexts(b); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return path, contexts, err
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
		return tenant, creds, usage(fmt.Errorf("%s has no context %q", path, name),
			"its contexts are: "+strings.Join(slices.Sorted(maps.Keys(contexts)), ", "))
	}
	if creds, err = c.credentials(); err == nil {
		tenant, err = qlik.ParseTenant(c.Server)
	}
	if c.ServerType != "" && !strings.EqualFold(c.ServerType, "cloud") {
		err = fmt.Errorf("its server-type is %s, not cloud", c.ServerType)
	}
	if err != nil {
		err = usage(fmt.Errorf("%s: the context %q: %w", path, name, err),
			"correct it: "+commandLine("qlik", "context", "create", name))
	}
	return tenant, creds, err
}

// credentials are those of the context. An error holds nothing of them.
func (c cliContext) credentials() (creds qlik.Credentials, err error) {
	for key, value := range c.Headers {
		if strings.EqualFold(key, "Authorization") {
			scheme, token, _ := strings.Cut(strings.TrimSpace(value), " ")
			if creds.APIKey = strings.TrimSpace(token); creds.APIKey == "" || !strings.EqualFold(scheme, "Bearer") {
				return qlik.Credentials{}, errors.New("its Authorization header is not Bearer and a key")
			}
			return creds, nil
		}
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return creds, errors.New("it needs an Authorization header (an API key), or oauth-client-id and oauth-client-secret")
	}
	return qlik.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}, nil
}
