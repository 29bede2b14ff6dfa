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
	Headers      map[string]string `yaml:"headers"`
	ClientID     string            `yaml:"oauth-client-id"`
	ClientSecret string            `yaml:"oauth-client-secret"`
}

// contextsFile is where qlik-cli keeps its connections. QLIK_CLI_USER_HOME_DIR is the folder that holds .qlik, or that
// folder itself.
func contextsFile() (path string, err error) {
	home := os.Getenv("QLIK_CLI_USER_HOME_DIR")
	path = filepath.Join(home, "contexts.yml")
	if _, missing := os.Stat(path); home != "" && missing == nil {
		return path, nil
	}
	if home == "" {
		home, err = os.UserHomeDir()
	}
	return filepath.Join(home, ".qlik", "contexts.yml"), err
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

// contextSource is the context of that name.
func contextSource(name string) (source, error) {
	path, contexts, err := readContexts()
	if _, explained := errors.AsType[*failure](err); err != nil && !explained {
		err = usage(err, "qlik-cli writes the file: qlik context create")
	}
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

// credentials are the API key of the context, or else its client.
func (c cliContext) credentials() qlik.Credentials {
	for name, value := range c.Headers {
		scheme, key, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(name, "Authorization") && strings.EqualFold(scheme, "Bearer") {
			return qlik.Credentials{APIKey: strings.TrimSpace(key)}
		}
	}
	return qlik.Credentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret}
}
