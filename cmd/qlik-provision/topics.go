package main

import "github.com/spf13/cobra"

// topics are commands that only explain themselves: qlik-provision help exit-codes.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "The environment variables", Long: environmentText},
		{Use: "exit-codes", Short: "The meaning of an exit code", Long: exitCodesText},
	}
}

// The texts of the topics; their lines are set as they are.
const (
	environmentText = `QLIK_TENANT             the URL of the tenant, if --tenant is not given
QLIK_CLIENT_ID          the M2M OAuth client
QLIK_CLIENT_SECRET      its secret
QLIK_API_KEY            an API key, instead of client and secret
QLIK_CLI_USER_HOME_DIR  the folder that holds .qlik, for --context
HTTPS_PROXY, NO_PROXY   the proxy to the tenant, and hosts that need none
SSL_CERT_FILE           on Linux, a file of certificates to trust, such as a proxy's
NO_COLOR                no colours

A credential flag hides every credential in the environment. With --context or
--sandbox neither tenant nor credentials are read from it.`

	exitCodesText = `0    every row is done (plan, --dry-run: done or can be sent; --limit: what was
     tried is done)
1    the run finished; some rows are not done (with --limit: others than those
     it left); or disable found nobody; or verify found a difference
2    before any request: wrong usage, configuration or file
3    after the first request the run could not go on: credentials refused,
     scope missing, no answer, every write refused, more writes than --max,
     disk full. Unfinished rows stay pending
130  interrupted or declined; requests in flight were waited for (10 s at most,
     not after a second Ctrl-C)

A run that does not end with 0 prints what happened, "error: …", and what to type
next, "hint: …", to standard error. After a 1, rows have to be corrected; after a
2, the command, the settings or the file. After a 3, another try helps if the
tenant, the network or the disk failed; if credentials, scope, address, --role,
--max or the tenant's refusal are the cause, they have to be corrected first. So
limit how often a scheduler tries again.`
)
