package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// In the environment these make the test binary another program: this one itself, the race detector and all, or
// what it is compared with.
const (
	asProgram  = "QLIK_PROVISION_AS_PROGRAM"
	asBareLoop = "QLIK_PROVISION_AS_BARE_LOOP"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	if os.Getenv(asBareLoop) != "" {
		if err := bareLoop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// Most of these tests wait: for a program, for a tenant. They share the processors well.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"qlik-provision": main})
}

// TestScripts runs what a person types, with the real binary, against a sandbox of each script's own.
func TestScripts(t *testing.T) {
	t.Parallel()
	exports, err := filepath.Abs("../../testdata/exports")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: false,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXPORTS", exports)
			env.Setenv("NO_PROXY", "*")
			env.Setenv("Q", "'") // the quotes of the commands that are printed
			if runtime.GOOS == "windows" {
				env.Setenv("Q", `"`)
			}
			env.Setenv("LONG", strings.Repeat("x", 245))
			env.Vars = append(env.Vars, quickExit)
			for _, name := range []string{"TMPDIR", "TMP", "TEMP"} { // TMPDIR is not Windows' name
				env.Setenv(name, filepath.Join(env.WorkDir, "tmp"))
			}
			env.Values[tenantKey{}] = &scriptTenant{}
			return os.Mkdir(filepath.Join(env.WorkDir, "tmp"), 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    cmdExits,
			"tenant":   cmdTenant,
			"fault":    cmdFault,
			"heal":     cmdHeal,
			"adduser":  cmdAddUser,
			"user":     cmdUser,
			"users":    cmdUsers,
			"requests": cmdRequests,
			"row":      cmdRow,
			"rows":     cmdRows,
			"mode":     cmdMode,
			"empty":    cmdEmpty,
			"replace":  cmdReplace,
			"paste":    cmdPaste,
			"until":    cmdUntil,
			"append":   cmdAppend,
			"dropline": cmdDropLine,
		},
	})
}

type tenantKey struct{}

type scriptTenant struct {
	tenant *faults.Injector
	server *httptest.Server
}

func tenantOf(ts *testscript.TestScript) *faults.Injector {
	st := ts.Value(tenantKey{}).(*scriptTenant)
	if st.tenant == nil {
		ts.Fatalf("no tenant yet")
	}
	return st.tenant
}

// exits CODE command args…: the command ends with exactly this code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// tenant [key=value…]: starts a sandbox and sets the three variables. Keys: limit, budget, latency, life, uses,
// scopes, key, secret, folded.
func cmdTenant(ts *testscript.TestScript, _ bool, args []string) {
	o := sandbox.Options{Limit: sandbox.LimitOff}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		var err error
		switch key {
		case "limit":
			o.Limit = sandbox.Limit(value)
		case "budget": // N/duration
			n, window, _ := strings.Cut(value, "/")
			o.Tier2.Requests, err = strconv.Atoi(n)
			if err == nil {
				o.Tier2.Window, err = time.ParseDuration(window)
			}
		case "latency":
			o.Latency, err = time.ParseDuration(value)
		case "life":
			o.TokenLife, err = time.ParseDuration(value)
		case "uses":
			o.TokenUses, err = strconv.Atoi(value)
		case "scopes":
			o.Scopes = strings.Split(value, ",")
		case "key":
			o.APIKey = value
		case "secret":
			o.ClientSecret = value
		case "folded":
			o.CaseInsensitive = true
		case "roles": // hidden, or forbidden
			o.RolesForbidden, o.RolesHidden = value == "forbidden", value == "hidden"
		case "lag":
			o.Lag, err = time.ParseDuration(value)
		default:
			ts.Fatalf("tenant: unknown %s", key)
		}
		ts.Check(err)
	}
	st := ts.Value(tenantKey{}).(*scriptTenant)
	st.tenant = faults.Wrap(sandbox.New(o), 1)
	st.server = httptest.NewServer(st.tenant)
	ts.Defer(st.server.Close)
	ts.Setenv("QLIK_TENANT", st.server.URL)
	ts.Setenv("HOST", strings.TrimPrefix(st.server.URL, "http://"))
	ts.Setenv("QLIK_CLIENT_ID", st.tenant.Options().ClientID)
	ts.Setenv("QLIK_CLIENT_SECRET", st.tenant.Options().ClientSecret)
}

// fault KIND ENDPOINT [after] [key=value…]: breaks the tenant. Keys: status, times, skip, subject, rate, retry,
// location, code, title.
func cmdFault(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fault KIND ENDPOINT [after] [key=value…]")
	}
	f := faults.Fault{Kind: faults.Kind(args[0]), On: map[string]sandbox.Endpoint{
		"token": sandbox.EndpointToken, "create": sandbox.EndpointCreate, "patch": sandbox.EndpointPatch,
		"delete": sandbox.EndpointDelete, "list": sandbox.EndpointList, "filter": sandbox.EndpointFilter,
	}[args[1]]}
	if f.On == "" {
		ts.Fatalf("fault: unknown endpoint %s", args[1])
	}
	for _, arg := range args[2:] {
		key, value, _ := strings.Cut(arg, "=")
		var err error
		switch key {
		case "after":
			f.After = true
		case "status":
			f.Status, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "skip":
			f.Skip, err = strconv.Atoi(value)
		case "subject":
			f.Subjects = append(f.Subjects, value)
		case "rate":
			f.Rate, err = strconv.ParseFloat(value, 64)
		case "retry":
			f.RetryAfter = value
		case "code":
			f.Code = value
		case "title":
			f.Title = value
		case "location":
			f.Location = value
		default:
			ts.Fatalf("fault: unknown %s", key)
		}
		ts.Check(err)
	}
	tenantOf(ts).Inject(f)
}

func cmdHeal(ts *testscript.TestScript, _ bool, _ []string) { tenantOf(ts).Clear() }

// adduser subject name email [status [roles]]: roles are separated by ;
func cmdAddUser(ts *testscript.TestScript, _ bool, args []string) {
	args = append(args, "", "", "", "", "")
	u := sandbox.User{Subject: args[0], Name: args[1], Email: args[2], Status: args[3]}
	if args[4] != "" {
		u.Roles = strings.Split(args[4], ";")
	}
	tenantOf(ts).Add(u)
}

// user subject key=value…: the user with this subject is so; keys: name, email, status, roles (separated by ;).
func cmdUser(ts *testscript.TestScript, _ bool, args []string) {
	for _, u := range tenantOf(ts).Users() {
		if u.Subject != args[0] || u.Status == "deleted" {
			continue
		}
		have := map[string]string{"name": u.Name, "email": u.Email, "status": u.Status, "roles": strings.Join(u.Roles, ";")}
		for _, arg := range args[1:] {
			key, want, _ := strings.Cut(arg, "=")
			if have[key] != want {
				ts.Fatalf("the %s of %s is %q, not %q", key, u.Subject, have[key], want)
			}
		}
		return
	}
	ts.Fatalf("no user %s on the tenant", args[0])
}

// users N [subject…]: there are that many on the tenant, none of them twice, these among them.
func cmdUsers(ts *testscript.TestScript, neg bool, args []string) {
	users := slices.DeleteFunc(tenantOf(ts).Users(), func(u sandbox.User) bool { return u.Status == "deleted" })
	subjects := map[string]int{}
	for _, u := range users {
		if subjects[u.Subject]++; subjects[u.Subject] > 1 {
			ts.Fatalf("%s is on the tenant twice", u.Subject)
		}
	}
	if want, err := strconv.Atoi(args[0]); err != nil || len(users) != want {
		ts.Fatalf("%d users on the tenant, not %s", len(users), args[0])
	}
	for _, s := range args[1:] {
		if there := subjects[s] > 0; there == neg {
			ts.Fatalf("%s on the tenant: %v", s, there)
		}
	}
}

// requests NAME N: the tenant's count of that name (Create, Filter, List, Token, Conflicts, TooMany …) is N, or
// with <N at most that.
func cmdRequests(ts *testscript.TestScript, _ bool, args []string) {
	got := count(ts, args[0])
	bound, atMost := strings.CutPrefix(args[1], "<")
	want, err := strconv.Atoi(bound)
	ts.Check(err)
	if got != want && !(atMost && got < want) {
		ts.Fatalf("%s is %d, not %s", args[0], got, args[1])
	}
}

// count is the tenant's count of that name.
func count(ts *testscript.TestScript, name string) int {
	field := reflect.ValueOf(tenantOf(ts).Stats()).FieldByName(name)
	if !field.IsValid() {
		ts.Fatalf("no count %s", name)
	}
	return int(field.Int())
}

// rows FILE outcome=N…: the result file has so many rows of each of these outcomes.
func cmdRows(ts *testscript.TestScript, _ bool, args []string) {
	counts := map[string]int{}
	for _, row := range readResults(ts, ts.MkAbs(args[0])) {
		counts[row["outcome"]]++
		counts["all"]++
	}
	for _, arg := range args[1:] {
		outcome, n, _ := strings.Cut(arg, "=")
		if fmt.Sprint(counts[outcome]) != n {
			ts.Fatalf("%s: %d rows are %s, not %s (%v)", args[0], counts[outcome], outcome, n, counts)
		}
	}
}

// row FILE NUMBER column=pattern…: the row's cells match, each as a whole.
func cmdRow(ts *testscript.TestScript, _ bool, args []string) {
	for _, row := range readResults(ts, ts.MkAbs(args[0])) {
		if row["row"] != args[1] {
			continue
		}
		for _, arg := range args[2:] {
			column, pattern, _ := strings.Cut(arg, "=")
			if ok, err := regexp.MatchString("^(?:"+pattern+")$", row[column]); err != nil || !ok {
				ts.Fatalf("%s, row %s: %s is %q, which does not match %s", args[0], args[1], column, row[column], pattern)
			}
		}
		return
	}
	ts.Fatalf("%s has no row %s", args[0], args[1])
}

// mode FILE 0600
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, not %s", args[0], got, args[1])
	}
}

// empty FOLDER: nothing is in it.
func cmdEmpty(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}
