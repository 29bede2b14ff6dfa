package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"qlik-provision/provision/qlik"
)

// chooseTenant decides which tenant to contact, and as whom. A context and the sandbox bring both together.
func (c *config) chooseTenant(ctx context.Context) error {
	from := source{address: c.tenantURL} // with --offline, too: the flag stands in commands that we print
	var err error
	switch {
	case c.sandbox, c.offline && c.tenantURL == "":
		return nil
	case c.offline:
	case c.context != "":
		from, err = contextSource(c.context)
	default:
		from, err = c.plainSource(ctx)
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
	if c.offline {
		return nil
	}
	if _, err := qlik.Proxy(c.tenant); err != nil {
		return usage(err, "correct HTTPS_PROXY, or unset it")
	}
	c.creds = from.creds
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

// plainSource is the flags, or else the environment: a credential flag hides all credentials there.
func (c *config) plainSource(ctx context.Context) (from source, err error) {
	read := func(name string) string { return strings.TrimSpace(os.Getenv(name)) } // a line end may have come from a file
	from.address = cmp.Or(c.tenantURL, read("QLIK_TENANT"))
	if from.address == "" {
		return from, usage(errors.New("no tenant: neither --tenant nor QLIK_TENANT is set"),
			"set QLIK_TENANT, QLIK_CLIENT_ID and QLIK_CLIENT_SECRET (or QLIK_API_KEY), or try it with --sandbox")
	}
	if c.clientID == "" && c.secretFile == "" && c.secretCommand == "" {
		from.name, from.hint = "the environment", "set QLIK_CLIENT_ID and QLIK_CLIENT_SECRET, or QLIK_API_KEY"
		from.creds = qlik.Credentials{
			ClientID: read("QLIK_CLIENT_ID"), ClientSecret: read("QLIK_CLIENT_SECRET"), APIKey: read("QLIK_API_KEY"),
		}
		return from, nil
	}
	from.name = "the command line"
	from.hint = "give --client-id and the flag of its secret: one of them alone hides all credentials in the environment"
	from.creds.ClientID = c.clientID
	switch {
	case c.secretFile != "":
		from.creds.ClientSecret, err = readSecretFile(c.secretFile)
	case c.secretCommand != "":
		from.creds.ClientSecret, err = runSecretCommand(ctx, c.secretCommand, c.given.file)
	}
	return from, err
}

// check is an error where the credentials are not those of a client or an API key, each a line of text without the
// quotes that set and echo of cmd.exe leave around it. It does not show them.
func (s source) check() error {
	client, wrong := s.creds.ClientID != "" || s.creds.ClientSecret != "", ""
	switch {
	case client && s.creds.APIKey != "":
		wrong = "has a client and an API key at once"
	case !client && s.creds.APIKey == "":
		wrong = "has no credentials"
	case client && s.creds.ClientSecret == "":
		wrong = "has a client's ID, but not its secret"
	case client && s.creds.ClientID == "":
		wrong = "has a client's secret, but not its ID"
	}
	for _, part := range []string{s.creds.ClientID, s.creds.ClientSecret, s.creds.APIKey} {
		switch {
		case strings.ContainsFunc(part, unicode.IsControl):
			wrong = "has a credential that is more than one line of text"
		case len(part) > 1 && strings.HasPrefix(part, `"`) && strings.HasSuffix(part, `"`):
			wrong = "has a credential with double quotes around it, which are not part of it"
		}
	}
	if wrong != "" {
		return usage(fmt.Errorf("%s %s", s.name, wrong), s.hint)
	}
	return nil
}
