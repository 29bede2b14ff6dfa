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

const (
	credentialsHint = "set QLIK_TENANT, QLIK_CLIENT_ID and QLIK_CLIENT_SECRET (or QLIK_API_KEY), or try it with --sandbox"
	addressHint     = "the tenant is what the browser's address bar shows, up to .qlikcloud.com"
)

// chooseTenant decides which tenant to contact, and as whom. A context and the sandbox bring both together.
func (c *config) chooseTenant(ctx context.Context) (err error) {
	source, address := "--tenant", c.tenantURL
	if address == "" && !c.offline {
		source, address = "QLIK_TENANT", os.Getenv("QLIK_TENANT")
	}
	switch {
	case c.sandbox:
		return nil
	case c.context != "" && !c.offline:
		c.tenant, c.creds, err = fromContext(c.context)
	case address != "":
		if c.tenant, err = qlik.ParseTenant(address); err != nil {
			return usage(fmt.Errorf("%s: %w", source, err), addressHint)
		}
		if !c.offline {
			c.creds, err = c.credentials(ctx)
		}
	case !c.offline:
		return errors.New("no tenant: neither --tenant nor QLIK_TENANT is set")
	}
	if err != nil || c.offline {
		return err
	}
	if _, err := qlik.Proxy(c.tenant); err != nil {
		return usage(err, "correct HTTPS_PROXY, or unset it")
	}
	return checkCredentials(c.creds)
}

// checkCredentials is an error where a credential is not a line of text, or has the quotes around it that set and echo
// of cmd.exe leave. It does not say what it holds.
func checkCredentials(creds qlik.Credentials) error {
	for _, part := range []struct{ name, value string }{
		{"client's ID", creds.ClientID}, {"client's secret", creds.ClientSecret}, {"API key", creds.APIKey},
	} {
		wrong := ""
		switch {
		case strings.ContainsFunc(part.value, unicode.IsControl):
			wrong = "is more than one line of text"
		case len(part.value) > 1 && strings.HasPrefix(part.value, `"`) && strings.HasSuffix(part.value, `"`):
			wrong = "has double quotes around it, which are not part of it"
		}
		if wrong != "" {
			return usage(fmt.Errorf("the %s %s", part.name, wrong), "it stands alone on one line, without quotes")
		}
	}
	return nil
}

// credentials are those of the flags, which hide all of the environment's, or else those of the environment.
func (c *config) credentials(ctx context.Context) (creds qlik.Credentials, err error) {
	const hides = ": a credential flag hides the credentials in the environment"
	switch given := c.given; {
	case c.clientID == "" && c.secretFile == "" && c.secretCommand == "":
		return environmentCredentials()
	case c.clientID == "":
		return creds, usage(errors.New("the client's secret without --client-id"+hides+", also QLIK_CLIENT_ID"),
			choice("give --client-id, too", given.with("client-id", cmp.Or(os.Getenv("QLIK_CLIENT_ID"), "ID"))))
	case c.secretFile != "":
		creds.ClientSecret, err = readSecretFile(c.secretFile, given)
	case c.secretCommand != "":
		creds.ClientSecret, err = runSecretCommand(ctx, c.secretCommand, given)
	default:
		return creds, usage(errors.New("--client-id without a secret"+hides),
			"give --client-secret-file or --client-secret-command, too, or leave --client-id out")
	}
	creds.ClientID = c.clientID
	return creds, err
}

func environmentCredentials() (qlik.Credentials, error) {
	read := func(name string) string { return strings.TrimSpace(os.Getenv(name)) } // a line end may have come from a file
	creds := qlik.Credentials{
		ClientID: read("QLIK_CLIENT_ID"), ClientSecret: read("QLIK_CLIENT_SECRET"), APIKey: read("QLIK_API_KEY"),
	}
	switch client := creds.ClientID != "" || creds.ClientSecret != ""; {
	case client && creds.APIKey != "":
		return creds, usage(errors.New("QLIK_API_KEY is set, and QLIK_CLIENT_ID or QLIK_CLIENT_SECRET is, too"),
			"unset the ones you do not use")
	case !client && creds.APIKey == "":
		return creds, errors.New("no credentials: neither QLIK_CLIENT_ID and QLIK_CLIENT_SECRET nor QLIK_API_KEY are set")
	case client && (creds.ClientID == "" || creds.ClientSecret == ""):
		return creds, errors.New("only one of QLIK_CLIENT_ID and QLIK_CLIENT_SECRET is set")
	}
	return creds, nil
}
