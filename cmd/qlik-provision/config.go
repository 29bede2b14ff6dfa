package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

// sandboxTenant is what a result file calls the tenant of --sandbox.
const sandboxTenant = "sandbox"

// config is what flags, environment and context come to. It is made by check and by nothing else.
type config struct {
	flags
	tenant qlik.Tenant // not set with --sandbox and --offline
	creds  qlik.Credentials
	given  command
	roster roster.Options
	ledger report.Options
	run    provision.Options
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

// check makes a config of the flags, the environment and the context, or says which of them is wrong.
func (a *app) check(cmd *cobra.Command, file string, f flags) (*config, error) {
	c := &config{flags: f, given: a.given(cmd, file)}
	if err := noneEmpty(cmd.Flags()); err != nil {
		return nil, err
	}
	if err := c.checkRun(); err != nil {
		return nil, usage(err, "see "+cmd.CommandPath()+" --help")
	}
	if err := c.checkRoster(); err != nil {
		return nil, usage(err, "see "+cmd.CommandPath()+" --help")
	}
	err := c.chooseTenant()
	if err == nil {
		err = sendable(c.creds)
	}
	if err != nil {
		if f, ok := errors.AsType[*failure](err); ok {
			return nil, f
		}
		return nil, usage(err, credentialsHint)
	}
	c.ledger = report.Options{
		Tenant: c.tenantName(), NeedEmail: c.status == "invited", MatchEmail: c.run.MatchEmail,
		Overwrite: c.overwrite, Notify: a.ui.note,
	}
	return c, nil
}

// noneEmpty is an error where a flag was given with nothing in it, as by a variable that is not set: it would count as left out, and the run be another.
func noneEmpty(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.String() == "" {
			err = usage(fmt.Errorf("--%s was given with nothing in it", f.Name), "give it a value, or leave it out")
		}
	})
	return err
}

func (c *config) checkRun() error {
	pace, err := parseRate(c.rate)
	if err != nil {
		return err
	}
	switch {
	case c.workers < 1 || c.workers > 1000:
		return fmt.Errorf("--workers %d: a number from 1 to 1000", c.workers)
	case c.burst < 1:
		return fmt.Errorf("--burst %d: a number from 1", c.burst)
	case c.attempts < 1:
		return fmt.Errorf("--attempts %d: a number from 1", c.attempts)
	case c.patience <= 0:
		return fmt.Errorf("--patience %v: a time like 15m", c.patience)
	case c.timeout <= 0:
		return fmt.Errorf("--timeout %v: a time like 30s", c.timeout)
	case c.status != "active" && c.status != "invited":
		return fmt.Errorf("--status %q: active or invited", c.status)
	case c.match != "subject" && c.match != "subject,email":
		return fmt.Errorf("--match %q: subject, or subject,email", c.match)
	case c.noLookup && c.match != "subject":
		return errors.New("--no-lookup and --match subject,email: without a lookup nobody is found by their address")
	}
	c.run = provision.Options{
		Status: c.status, Workers: c.workers, Rate: pace, Burst: c.burst, Attempts: c.attempts, Patience: c.patience,
		NoLookup: c.noLookup, MatchEmail: c.match == "subject,email",
	}
	return nil
}

func (c *config) checkRoster() error {
	delimiter, err := parseDelimiter(c.delimiter)
	if err != nil {
		return err
	}
	if c.headerRow < 0 {
		return fmt.Errorf("--header-row %d: the number of a line, from 1", c.headerRow)
	}
	c.roster = roster.Options{
		Delimiter: delimiter, Encoding: c.encoding, HeaderRow: c.headerRow,
		Subject: c.subject, Name: c.name, Email: c.email, Block: report.Columns(),
	}
	return nil
}

const credentialsHint = "set QLIK_TENANT, QLIK_CLIENT_ID and QLIK_CLIENT_SECRET (or QLIK_API_KEY), or try it with --sandbox"

// chooseTenant decides whom to speak to, and as whom. A context and the sandbox bring both whole.
func (c *config) chooseTenant() (err error) {
	if c.flags.tenant != "" {
		if c.tenant, err = qlik.ParseTenant(c.flags.tenant); err != nil { // offline as well: the flag stands in the commands that we print
			return noTenant("--tenant", err)
		}
	}
	if c.offline {
		return nil
	}
	if c.context != "" || c.sandbox {
		if err := c.alone(); err != nil {
			return err
		}
		if c.context != "" {
			c.tenant, c.creds, err = fromContext(c.context)
		}
		return err
	}
	if c.flags.tenant == "" {
		address := os.Getenv("QLIK_TENANT")
		if address == "" {
			return errors.New("no tenant: neither --tenant nor QLIK_TENANT is set")
		}
		if c.tenant, err = qlik.ParseTenant(address); err != nil {
			return noTenant("QLIK_TENANT", err)
		}
	}
	c.creds, err = c.credentials()
	return err
}

func noTenant(from string, err error) error {
	return usage(fmt.Errorf("%s: %w", from, err), "the tenant is what stands in the browser's address bar, up to .qlikcloud.com")
}

// alone is an error where a flag would mix with what --context or --sandbox brings.
func (c *config) alone() error {
	whole := "--sandbox"
	if c.context != "" {
		whole = "--context"
	}
	for _, other := range []struct {
		flag string
		set  bool
	}{
		{"--sandbox", c.sandbox && c.context != ""}, {"--tenant", c.flags.tenant != ""},
		{"--client-id", c.clientID != ""}, {"--client-secret-file", c.secretFile != ""},
	} {
		if other.set {
			return usage(fmt.Errorf("%s and %s at once: %s brings tenant and credentials whole", whole, other.flag, whole), "leave one of them out")
		}
	}
	return nil
}

// credentials are those of the flags, which hide all of the environment's, or else those of the environment.
func (c *config) credentials() (creds qlik.Credentials, err error) {
	switch {
	case c.clientID != "" && c.secretFile != "":
		creds.ClientID = c.clientID
		creds.ClientSecret, err = secret(c.secretFile)
		return creds, err
	case c.clientID != "":
		return creds, usage(errors.New("--client-id without --client-secret-file: a flag hides the credentials in the environment"), "give both, or neither")
	case c.secretFile != "":
		return creds, usage(errors.New("--client-secret-file without --client-id: a flag hides the credentials in the environment"), "give both, or neither")
	}
	// Whatever put them there may have left the line end of the file that they stood in.
	from := func(name string) string { return strings.TrimSpace(os.Getenv(name)) }
	creds = qlik.Credentials{ClientID: from("QLIK_CLIENT_ID"), ClientSecret: from("QLIK_CLIENT_SECRET"), APIKey: from("QLIK_API_KEY")}
	switch client := creds.ClientID != "" || creds.ClientSecret != ""; {
	case client && creds.APIKey != "":
		return creds, usage(errors.New("QLIK_API_KEY and QLIK_CLIENT_ID or QLIK_CLIENT_SECRET are set at once"), "unset those that are not meant")
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

// sendable is an error where a credential is no line of text. It does not say which characters it holds: they are part of a secret.
func sendable(creds qlik.Credentials) error {
	for _, part := range []struct{ name, value string }{{"client's id", creds.ClientID}, {"client's secret", creds.ClientSecret}, {"API key", creds.APIKey}} {
		if strings.ContainsFunc(part.value, unicode.IsControl) {
			return fmt.Errorf("the %s holds a line end or another control character, which no header can carry", part.name)
		}
	}
	return nil
}

// readSecret reads a secret from an open file. A regular file that others may read is refused, on systems that have such a thing.
func readSecret(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading the client's secret: %w", err)
	}
	if mode := info.Mode(); mode.IsRegular() && runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return "", usage(fmt.Errorf("the secret file %s can be read by others (mode %04o)", f.Name(), mode.Perm()), "chmod 600 "+quote(argument(f.Name())))
	}
	const most = 64 << 10
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", fmt.Errorf("reading the client's secret: %w", err)
	}
	s := strings.TrimSpace(string(b))
	switch {
	case s == "":
		return "", fmt.Errorf("the secret file %s is empty", f.Name())
	case len(b) > most, strings.ContainsAny(s, "\x00\r\n"):
		return "", fmt.Errorf("the secret file %s holds more than a secret: it is the one line that the tenant showed", f.Name())
	}
	return s, nil
}

// slowest is the slowest rate that makes sense: one create a day.
const slowest = rate.Limit(1.0 / (24 * 60 * 60))

// parseRate reads N/s, N/m, N/h, or off: creates a second.
func parseRate(s string) (rate.Limit, error) {
	if s == "off" {
		return rate.Inf, nil
	}
	number, unit, _ := strings.Cut(s, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || !(n > 0) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("--rate %q: N/s, N/m, N/h, or off", s)
	}
	limit := rate.Limit(n / per.Seconds())
	if limit < slowest {
		return 0, fmt.Errorf("--rate %q is slower than one create a day: N/s, N/m, N/h, or off", s)
	}
	return limit, nil
}

func parseDelimiter(s string) (rune, error) {
	named := map[string]rune{"": 0, "comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|'}
	if r, ok := named[strings.ToLower(s)]; ok {
		return r, nil
	}
	runes := []rune(s)
	if len(runes) != 1 || strings.ContainsRune("\"\r\n\x00\ufeff\ufffd", runes[0]) || runes[0] > 127 {
		return 0, fmt.Errorf("--delimiter %q: comma, semicolon, tab, pipe, or one character", s)
	}
	return runes[0], nil
}

// checkFiles is an error where two of a run's files are one, or the log cannot be written: nothing is begun then.
func (c *config) checkFiles(results string, others ...namedPath) error {
	files := append(others, namedPath{"the result file", results}, namedPath{"the journal", results + ".journal"}, namedPath{"the lock", results + ".lock"},
		namedPath{"the log", c.log}, namedPath{"the secret file", c.secretFile})
	if err := distinct(files); err != nil || c.log == "" {
		return err
	}
	_, err := os.Lstat(c.log)
	fresh := errors.Is(err, fs.ErrNotExist)
	f, err := openLog(c.log)
	if err != nil {
		return err
	}
	err = f.Close()
	if fresh {
		err = errors.Join(err, os.Remove(c.log))
	}
	return err
}

// distinct is an error where two of the paths are one file. Names that are empty do not count.
func distinct(paths []namedPath) error {
	for i, a := range paths {
		for _, b := range paths[:i] {
			if a.path != "" && b.path != "" && sameFile(a.path, b.path) {
				return usage(fmt.Errorf("%s and %s are the same file: %s", b.name, a.name, a.path), "give each a file of its own")
			}
		}
	}
	return nil
}

type namedPath struct{ name, path string }

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return whole(a) == whole(b)
}

// whole is a path made absolute, the links of its folder resolved: the file itself may not be there yet.
func whole(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(dir, filepath.Base(abs))
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		abs = strings.ToLower(abs) // file systems that do not tell case apart
	}
	return abs
}
