package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

const (
	killedRows    = 500
	killedRuns    = 10 // of each test; -count repeats them with other moments
	killedWorkers = 16
)

// A killing is a job that is killed at random moments, and taken up again until it is done.
type killing struct {
	p      *program
	tenant *faults.Injector
	draw   *rand.Rand
	killed int
}

func newKilling(t *testing.T) *killing {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	// An answer is held back after the request took effect: kills strike between the two.
	tenant := newTenant(sandbox.Options{Latency: 20 * time.Millisecond, Lag: time.Second})
	k := &killing{p: newProgram(t, tenant), tenant: tenant, draw: rand.New(rand.NewPCG(seed, 0))}
	k.p.write(t, "hr.csv", killedRows)
	return k
}

// finish runs first until there is a result file, and then again, and kills all of these runs but the last.
func (k *killing) finish(t *testing.T, results string, first, again []string) {
	t.Helper()
	flags := []string{"-q", "--rate", "off", "--workers", fmt.Sprint(killedWorkers)}
	k.killed = 0
	for {
		args := first
		if _, err := os.Stat(k.p.file(results)); err == nil {
			args = again
		}
		if k.runOrKill(t, append(args[:len(args):len(args)], flags...)) {
			break
		}
		k.killed++
	}
	t.Logf("%d kills: %+v", k.killed, k.tenant.Stats())
	for _, left := range []string{".journal", ".lock"} {
		if _, err := os.Stat(k.p.file(results + left)); err == nil {
			t.Errorf("%s%s was left behind", results, left)
		}
	}
	for i, row := range readResults(t, k.p.file(results)) {
		if row["row"] != fmt.Sprint(i+1) || row["Employee ID"] != person(i).Subject {
			t.Errorf("row %d: %v", i+1, row)
		}
	}
	if n := len(readResults(t, k.p.file(results))); n != killedRows {
		t.Errorf("%d rows in the file", n)
	}
}

// runOrKill runs the program and kills it at a random moment. It reports whether the run ended by itself, which it must
// do with 0.
func (k *killing) runOrKill(t *testing.T, args []string) (ended bool) {
	t.Helper()
	c := k.p.command(args...)
	at := time.Now().Add(time.Duration(k.draw.Int64N(int64(500 * time.Millisecond)))) // while files are read and written
	writes := k.tenant.Stats().Writes + k.draw.IntN(killedRows/killedRuns)            // among the requests
	early := k.draw.IntN(4) == 0
	c.start(t)
	end := make(chan error, 1)
	go func() { end <- c.Wait() }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-end:
			if code := exitCode(t, err); code != exitDone {
				t.Fatalf("%v ended with %d\n%s", args, code, &c.stderr)
			}
			return true
		case <-tick.C:
		}
		if k.killed == killedRuns || early && time.Now().Before(at) || !early && k.tenant.Stats().Writes < writes {
			continue
		}
		_ = c.Process.Kill() // it may just have ended by itself
		return exitCode(t, <-end) == exitDone
	}
}

// users returns the tenant's users by subject, and reports persons that have two.
func (k *killing) users(t *testing.T) map[string]sandbox.User {
	t.Helper()
	users, addresses := map[string]sandbox.User{}, map[string]string{}
	for _, u := range k.tenant.Users() {
		if _, twice := users[u.Subject]; twice || addresses[u.Email] != "" {
			t.Errorf("%s <%s> is on the tenant twice", u.Subject, u.Email)
		}
		users[u.Subject], addresses[u.Email] = u, u.Subject
	}
	return users
}

// add puts the person of row i on the tenant, an hour ago, as change says.
func (k *killing) add(i int, change func(*sandbox.User)) {
	u := person(i)
	u.CreatedAt = time.Now().Add(-time.Hour)
	if change != nil {
		change(&u)
	}
	k.tenant.Add(u)
}

func TestKilledCreateCreatesEveryPersonOnce(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	existing := map[int]string{} // the subject of the row's user
	for i := 3; i < killedRows; i += 5 {
		k.add(i, func(u *sandbox.User) {
			if i%10 == 8 {
				u.Subject = "auth0|" + u.Subject
			}
			existing[i] = u.Subject
		})
	}
	k.finish(t, "hr.results.csv", []string{"create", "hr.csv"}, []string{"retry", "hr.results.csv"})

	stats, users := k.tenant.Stats(), k.users(t)
	if want := killedRows - len(existing); stats.Created != want || len(users) != killedRows {
		t.Errorf("%d users were created, not %d; %d are on the tenant", stats.Created, want, len(users))
	}
	// A row whose create was lost is sent again after each kill, until a list shows the user.
	if extra := stats.Create - stats.Created; extra > 2*killedWorkers*k.killed {
		t.Errorf("%d creates for nothing, after %d kills", extra, k.killed)
	}
	for i, row := range k.p.results(t) {
		outcome, subject := "created", person(i).Subject
		if existing[i] != "" {
			outcome, subject = "exists", existing[i]
		}
		if row["outcome"] != outcome || row["user_id"] == "" || row["user_id"] != users[subject].ID {
			t.Errorf("row %d is not %s as %s: %v", i+1, outcome, subject, row)
		}
	}
}

func TestKilledUpdateChangesEveryPersonOnce(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	differing := 0
	for i := range killedRows {
		switch i % 5 {
		case 0: // has no user
		case 1:
			k.add(i, nil)
		default:
			differing++
			k.add(i, func(u *sandbox.User) { u.Name = "Former " + u.Name })
		}
	}
	k.finish(t, "hr.results.csv", []string{"create", "hr.csv", "--update", "name"}, []string{"retry", "hr.results.csv"})

	stats, users := k.tenant.Stats(), k.users(t)
	if stats.Changed != differing || stats.Created != killedRows/5 || len(users) != killedRows {
		t.Errorf("%d changes for %d users that differ, %d creates for %d persons; %d are on the tenant",
			stats.Changed, differing, stats.Created, killedRows/5, len(users))
	}
	for i, row := range k.p.results(t) {
		u := users[person(i).Subject]
		ok := row["outcome"] == "created"
		switch i % 5 {
		case 0:
		case 1:
			ok = row["outcome"] == "exists"
		default: // a change whose run was killed is found as done
			ok = row["outcome"] == "updated"
		}
		if !ok || row["user_id"] != u.ID || u.Name != person(i).Name {
			t.Errorf("row %d, on the tenant %s: %v", i+1, u.Name, row)
		}
	}
}

func TestKilledDisableDisablesEveryPersonOnce(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	active := 0
	for i := range killedRows {
		k.add(i, func(u *sandbox.User) {
			if active++; i%5 == 0 {
				u.Status = "disabled"
				active--
			}
		})
	}
	k.finish(t, "hr.disable.results.csv", []string{"disable", "hr.csv", "--yes"},
		[]string{"retry", "hr.disable.results.csv", "--yes"})

	if n := k.tenant.Stats().Changed; n != active {
		t.Errorf("%d changes for %d active users", n, active)
	}
	users := k.users(t)
	for i, row := range readResults(t, k.p.file("hr.disable.results.csv")) {
		u := users[person(i).Subject]
		ok := row["outcome"] == "disabled" == (i%5 != 0) && (i%5 != 0 || row["outcome"] == "unchanged")
		if !ok || row["user_id"] != u.ID || u.Status != "disabled" {
			t.Errorf("row %d, on the tenant %s: %v", i+1, u.Status, row)
		}
	}
}

func TestKilledUndoDeletesEveryUserOnce(t *testing.T) {
	t.Parallel()
	k := newKilling(t)
	for i := 0; i < killedRows; i += 5 {
		k.add(i, nil)
	}
	k.p.expect(t, exitDone, "create", "hr.csv", "-q", "--rate", "off")
	undo := []string{"undo", "hr.results.csv", "--yes"}
	k.finish(t, "hr.results.csv", undo, undo)

	created := killedRows * 4 / 5
	if n := k.tenant.Stats().Deleted; n != created {
		t.Errorf("%d users were deleted, of %d that were created", n, created)
	}
	for i, row := range k.p.results(t) {
		want := "deleted"
		if i%5 == 0 {
			want = "exists"
		}
		if row["outcome"] != want {
			t.Errorf("row %d is not %s: %v", i+1, want, row)
		}
	}
	k.p.expect(t, exitDone, "retry", "hr.results.csv", "-q")
	if stats := k.tenant.Stats(); stats.Created != created || len(k.users(t)) != killedRows/5 {
		t.Errorf("a retry created users again: %+v", stats)
	}
}
