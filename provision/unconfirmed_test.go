package provision_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// lost are the ways in which the answer to a create is lost.
var lost = map[string]faults.Fault{
	"408":        {Kind: faults.Status, Status: 408},
	"500":        {Kind: faults.Status, Status: 500},
	"503":        {Kind: faults.Status, Status: 503, Body: "<html>busy</html>"},
	"reset":      {Kind: faults.Reset},
	"hang":       {Kind: faults.Hang},
	"cut":        {Kind: faults.Cut},
	"garbage":    {Kind: faults.Garbage},
	"nested":     {Kind: faults.Status, Status: 201, Body: strings.Repeat("[", 60_000)},
	"no id":      {Kind: faults.Status, Status: 201, Body: `{"subject":"emp-00004"}`},
	"empty":      {Kind: faults.Status, Status: 201},
	"login page": {Kind: faults.LoginPage},
	"200":        {Kind: faults.OKInstead},
	"another":    {Kind: faults.WrongAnswer},
}

// onCreate makes a fault strike the create of one row.
func onCreate(f faults.Fault, row provision.Row, after bool, times int) faults.Fault {
	f.On, f.Subjects, f.After, f.Times = sandbox.EndpointCreate, []string{row.Person.Subject}, after, times
	return f
}

// allButTheFirst makes a fault strike the creates of one row, but for the first, before they take effect.
func allButTheFirst(f faults.Fault, row provision.Row) faults.Fault {
	f = onCreate(f, row, false, 0)
	f.Skip = 1
	return f
}

func TestLostAnswerOfACreateIsSettled(t *testing.T) {
	for name, fault := range lost {
		for _, lag := range []time.Duration{0, 4 * time.Second} {
			for _, times := range []int{1, 2} { // the second strikes before the effect: the 409 comes later
				t.Run(fmt.Sprintf("%s/found after %v/%d times", name, lag, times), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr, _ := watched(t, sandbox.Options{Latency: latency, Lag: lag}, qlik.Options{})
						rows := people(8)
						tr.tenant.Inject(onCreate(fault, rows[3], true, 1))
						if times == 2 {
							tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Status, Status: 503}, rows[3], false, 1))
						}
						tr.run(t.Context(), rows, provision.Options{})
						tr.check(t, rows)
						tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 8})
						if res := tr.got.of[4]; res.Attempts < times+1 || res.Code != "" {
							t.Errorf("%+v", res)
						}
						if n := tr.tenant.Stats().Created; n != 8 {
							t.Errorf("%d users were created", n)
						}
					})
				})
			}
		}
	}
}

func TestUnconfirmedIsCreatedOnlyWithinItsBounds(t *testing.T) {
	ago := func(d time.Duration) func(*sandbox.User) {
		return func(u *sandbox.User) { u.CreatedAt = time.Now().Add(-d) }
	}
	for _, test := range []struct {
		name    string
		user    func(*sandbox.User)
		outcome provision.Outcome
		code    string
		status  int
		message string
	}{
		{"a minute before", ago(time.Minute), provision.Exists, "", 409, ""},
		{"just before the slack", ago(6 * time.Second), provision.Exists, "", 409, ""},
		{"within the slack", ago(3 * time.Second), provision.Created, "", 409, "the answer was lost"},
		{"after the last date and the timeout", ago(-time.Minute), provision.Exists, "", 409, ""},
		{"with another name", func(u *sandbox.User) { ago(time.Minute)(u); u.Name = "Person Vier" }, provision.Exists,
			provision.CodeDiffers, 409, `name differs: "Person Vier" on the tenant`},
		{"of another person", func(u *sandbox.User) { u.Name, u.Email = "Zoe", "zoe@example.com" }, provision.Failed,
			provision.CodeSubjectConflict, 409, "Zoe <zoe@example.com> (emp-00004) on the tenant"},
		{"under another subject", func(u *sandbox.User) { u.Subject = "auth0|81" }, provision.Exists,
			provision.CodeEmailMatch, 409, "exists as auth0|81"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(8)
				tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Status, Status: 502}, rows[3], false, 1))
				user := userOf(rows[3])
				test.user(&user)
				tr.tenant.Add(user)
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				tr.check(t, rows)
				res := tr.got.of[4]
				if res.Outcome != test.outcome || res.Code != test.code || res.HTTPStatus != test.status ||
					!strings.Contains(res.Message, test.message) {
					t.Errorf("%+v", res)
				}
				if res.UserID == "" {
					t.Error("no user ID")
				}
			})
		})
	}
}

func TestUnconfirmedWhenTheAttemptsAreUsedUp(t *testing.T) {
	busy := faults.Fault{Kind: faults.Status, Status: 503, Code: "HTTP-503", Title: "Busy"}
	forbidden := faults.Fault{Kind: faults.Status, Status: 403, On: sandbox.EndpointList}
	noLook := faults.Fault{Kind: faults.Reset, On: sandbox.EndpointList}
	limited := faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "5", On: sandbox.EndpointList, Times: 20}
	const maybe = provision.CodeMaybeCreated
	for _, test := range []struct {
		name    string
		o       sandbox.Options
		faults  func(row provision.Row) []faults.Fault
		add     *sandbox.User
		outcome provision.Outcome
		code    string
		message string
	}{
		{"no user", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, false, 0)}
		}, nil, provision.Pending, maybe, "Busy"},
		{"created by the first attempt", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, true, 1), allButTheFirst(busy, row)}
		}, nil, provision.Created, "", "the answer was lost"},
		{"created by the last attempt", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, false, 4), onCreate(busy, row, true, 0)}
		}, nil, provision.Created, "", "the answer was lost"},
		{"a user of long before", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, false, 0)}
		}, &sandbox.User{Subject: "emp-00004", Name: "Person 4", CreatedAt: time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC)},
			provision.Exists, provision.CodeDiffers, "no email on the tenant"},
		{"created by the last attempt, and found late", sandbox.Options{Lag: 10 * time.Second},
			func(row provision.Row) []faults.Fault {
				return []faults.Fault{onCreate(busy, row, false, 4), onCreate(busy, row, true, 0)}
			}, nil, provision.Created, "", "the answer was lost"},
		{"created by the last attempt, and found too late", sandbox.Options{Lag: time.Minute},
			func(row provision.Row) []faults.Fault {
				return []faults.Fault{onCreate(busy, row, false, 4), onCreate(busy, row, true, 0)}
			}, nil, provision.Pending, maybe, "no attempt is left"},
		{"the lookup meets its limit", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, true, 1), allButTheFirst(busy, row), limited}
		}, nil, provision.Created, "", "the answer was lost"},
		{"the lookup is not answered", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			f := noLook
			f.From = 30 * time.Second // else it is an outage
			return []faults.Fault{onCreate(busy, row, true, 0), f}
		}, nil, provision.Created, "", "the answer was lost"},
		{"the lookup is forbidden", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, false, 0), forbidden}
		}, nil, provision.Pending, maybe, "Forbidden"},
		{"a conflict, and the lookup is forbidden", sandbox.Options{}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, true, 1), forbidden}
		}, nil, provision.Pending, maybe, "Forbidden"},
		{"a conflict, and the user is not found", sandbox.Options{Lag: time.Hour}, func(row provision.Row) []faults.Fault {
			return []faults.Fault{onCreate(busy, row, true, 1)}
		}, nil, provision.Pending, maybe, "no user has its subject or address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.o.Latency = latency
				tr, spy := watched(t, test.o, qlik.Options{})
				began := time.Now()
				rows := people(5)
				for _, f := range test.faults(rows[3]) {
					tr.tenant.Inject(f)
				}
				if test.add != nil {
					tr.tenant.Add(*test.add)
				}
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				if tr.err != nil || len(tr.got.of) != len(rows) || tr.got.count(provision.Created) < 4 {
					t.Errorf("%v, %d results", tr.err, len(tr.got.of))
				}
				res := tr.got.of[4]
				if res.Outcome != test.outcome || res.Code != test.code || !strings.Contains(res.Message, test.message) {
					t.Errorf("%+v", res)
				}
				if res.Code == maybe && res.FinishedAt.Sub(began).Abs() > 2*time.Second {
					t.Errorf("a later run would look from %v on", res.FinishedAt)
				}
				if test.o.Lag == 0 {
					tr.truth(t, rows)
				}
				var sent int
				for _, c := range spy.to(sandbox.EndpointCreate) {
					if c.subject == rows[3].Person.Subject {
						sent++
					}
				}
				if sent > 5 || res.Attempts != sent {
					t.Errorf("%d creates, %d attempts", sent, res.Attempts)
				}
			})
		})
	}
}

// A run that was killed leaves the result that was recorded before the write.
func TestLaterRunSettlesAnUnconfirmedCreate(t *testing.T) {
	sent := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // a bubble begins then
	at := func(d time.Duration) *sandbox.User {
		return &sandbox.User{Subject: "emp-00001", Name: "Person 1", Email: "p1@example.com", CreatedAt: sent.Add(d)}
	}
	other := at(time.Second)
	other.Name, other.Email = "Zoe", "zoe@example.com"
	elsewhere := at(time.Second)
	elsewhere.Subject = "auth0|81"
	for _, test := range []struct {
		name     string
		user     *sandbox.User
		sentAt   time.Time
		noLookup bool
		outcome  provision.Outcome
		code     string
		creates  int
	}{
		{"created in the same second", at(0), sent, false, provision.Created, "", 0},
		{"created ten minutes later", at(10 * time.Minute), sent, false, provision.Created, "", 0},
		{"created twenty minutes later", at(20 * time.Minute), sent, false, provision.Exists, "", 0},
		{"created ten seconds before", at(-10 * time.Second), sent, false, provision.Exists, "", 0},
		{"another person's", other, sent, false, provision.Failed, provision.CodeSubjectConflict, 0},
		{"under another subject", elsewhere, sent, false, provision.Exists, provision.CodeEmailMatch, 0},
		{"not created", nil, sent, false, provision.Created, "", 1},
		{"created, and not looked up", at(time.Second), sent, true, provision.Created, "", 1},
		{"created long before, and not looked up", at(-time.Minute), sent, true, provision.Exists, "", 1},
		{"never sent", at(time.Second), time.Time{}, false, provision.Exists, "", 0},
		{"never sent, and not looked up", at(time.Second), time.Time{}, true, provision.Exists, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				if test.user != nil {
					tr.tenant.Add(*test.user)
				}
				time.Sleep(time.Hour)
				rows := people(1)
				rows[0].SentAt = test.sentAt
				tr.run(t.Context(), rows, provision.Options{NoLookup: test.noLookup})
				tr.check(t, rows)
				if res := tr.got.of[1]; res.Outcome != test.outcome || res.Code != test.code {
					t.Errorf("%+v", res)
				}
				if n := len(spy.to(sandbox.EndpointCreate)); n != test.creates {
					t.Errorf("%d creates, want %d", n, test.creates)
				}
			})
		})
	}
}

// The Date that is recorded covers the write of an earlier run, too, unless that was so long ago that a list shows it.
func TestDateOfAnEarlierRunIsKept(t *testing.T) {
	for ago, kept := range map[time.Duration]bool{time.Minute: true, 2 * time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			rows := people(1)
			rows[0].SentAt = time.Now().Add(-ago)
			tr.run(t.Context(), rows, provision.Options{})
			tr.outcomes(t, rows, outcomes{provision.Created: 1})
			first := tr.got.all[0]
			if first.Code != provision.CodeMaybeCreated || first.FinishedAt.Equal(rows[0].SentAt) != kept {
				t.Errorf("after %v: %+v", ago, first)
			}
		})
	}
}

func TestCreateIsAnnouncedWithTheTenantsDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		spy.meddle = func(r *http.Response) { shift(t, r, 2*time.Hour) }
		began := time.Now()
		rows := people(40)
		tr.tenant.Add(userOf(rows[7]))
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		announced := map[int]bool{}
		for _, res := range tr.got.all {
			if res.Outcome == provision.Pending {
				announced[res.Number] = true
				if res.Code != provision.CodeMaybeCreated || res.FinishedAt.Sub(began).Round(time.Minute) != 2*time.Hour {
					t.Errorf("%+v", res)
				}
			} else if res.Outcome == provision.Created && !announced[res.Number] {
				t.Errorf("row %d was not announced", res.Number)
			}
		}
		if len(announced) != 39 {
			t.Errorf("%d rows were announced", len(announced))
		}
	})
}

func TestRequestsThatWereNeverSentAreNoAttempts(t *testing.T) {
	for _, n := range []int{10, 100} { // too few rows to tell an outage by, and enough
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
			spy.next = &nameless{spy.next, time.Now(), 5 * latency, time.Minute}
			rows := people(n)
			tr.run(t.Context(), rows, provision.Options{Attempts: 2})
			tr.check(t, rows)
			tr.outcomes(t, rows, outcomes{provision.Created: n})
			for _, res := range tr.got.of {
				if res.Attempts != 1 {
					t.Errorf("%+v", res)
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		spy.next = &nameless{spy.next, time.Now(), 3 * latency / 2, forever} // after the Date was fetched
		rows := people(1)
		tr.run(t.Context(), rows, provision.Options{NoLookup: true, Patience: time.Minute})
		if res := tr.got.of[1]; res.Outcome != provision.Pending || res.Attempts != 0 || res.Code != "" {
			t.Errorf("%v, %+v", tr.err, res)
		}
	})
}

func TestMessagesAreClipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{}, qlik.Options{})
		rows := people(1)
		user := userOf(rows[0])
		user.Name = strings.Repeat("ü", 5000)
		tr.tenant.Add(user)
		tr.run(t.Context(), rows, provision.Options{})
		res := tr.got.of[1]
		if n := len(res.Message); res.Outcome != provision.Exists || n > 4000 || !strings.HasSuffix(res.Message, "ü…") {
			t.Errorf("%s: %d bytes", res.Outcome, n)
		}
	})
}

func TestConflictIsLookedUp(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC)
	then := time.Date(1999, 3, 2, 0, 0, 0, 0, time.UTC)
	ghost := faults.Fault{Kind: faults.Status, Status: 409,
		Body: `{"errors":[{"code":"USERS-99","title":"Taken","status":"409"}],"traceId":"abc123"}`}
	for _, test := range []struct {
		name     string
		caseless bool
		add      sandbox.User // none, where it has no ID
		fault    faults.Fault
		outcome  provision.Outcome
		code     string
		message  string
	}{
		{"the same person", false, sandbox.User{ID: "u1", Subject: "emp-00004", Name: "person 4 ", Email: "P4@example.com"},
			faults.Fault{}, provision.Exists, "", ""},
		{"the same person, created at this moment", false,
			sandbox.User{ID: "u1", Subject: "emp-00004", Name: "Person 4", Email: "p4@example.com", CreatedAt: now},
			faults.Fault{}, provision.Exists, "", ""},
		{"nothing to compare", false, sandbox.User{ID: "u1", Subject: "emp-00004"},
			faults.Fault{}, provision.Exists, provision.CodeDiffers, "no name on the tenant; no email on the tenant"},
		{"another person", false, sandbox.User{ID: "u1", Subject: "emp-00004", Name: "Zoe", Email: "zoe@example.com"},
			faults.Fault{}, provision.Failed, provision.CodeSubjectConflict, "Person 4 <p4@example.com> in the file"},
		{"another case only", true, sandbox.User{ID: "u1", Subject: "EMP-00004", Name: "Person 4", CreatedAt: then},
			faults.Fault{}, provision.Exists, provision.CodeDiffers, "exists as EMP-00004"},
		{"another case of another person", true,
			sandbox.User{ID: "u1", Subject: "EMP-00004", Name: "Zoe", Email: "zoe@example.com"},
			faults.Fault{}, provision.Failed, provision.CodeSubjectConflict, "Zoe <zoe@example.com>"},
		{"the address of the person", false,
			sandbox.User{ID: "u1", Subject: "auth0|81", Name: "Person 4", Email: "p4@example.com"},
			faults.Fault{}, provision.Exists, provision.CodeEmailMatch, "exists as auth0|81"},
		{"the address of another person", false,
			sandbox.User{ID: "u1", Subject: "auth0|81", Name: "Zoe", Email: "p4@example.com"},
			faults.Fault{}, provision.Failed, provision.CodeEmailConflict, "Zoe <p4@example.com> (auth0|81) on the tenant"},
		{"no user", false, sandbox.User{}, ghost,
			provision.Pending, provision.CodeConflictNotFound, "no user has its subject or address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency, CaseInsensitive: test.caseless}, qlik.Options{})
				rows := people(5)
				if test.add.ID != "" {
					tr.tenant.Add(test.add)
				} else {
					tr.tenant.Inject(onCreate(test.fault, rows[3], false, 0))
				}
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				res := tr.got.of[4]
				if tr.err != nil || res.Outcome != test.outcome || res.Code != test.code || res.UserID != test.add.ID ||
					!strings.Contains(res.Message, test.message) || res.HTTPStatus != 409 || res.Attempts != 1 {
					t.Errorf("%+v, %v", res, tr.err)
				}
				if !res.Outcome.Done() && res.TraceID == "" {
					t.Error("no trace ID")
				}
				most := 1 + 1
				if test.add.ID == "" {
					most = 10
					if tr.took < 30*time.Second || tr.took > 32*time.Second {
						t.Errorf("it took %v to give up", tr.took)
					}
				}
				if n := len(spy.to(sandbox.EndpointList)); n > most {
					t.Errorf("%d lookups of one row", n)
				}
			})
		})
	}
}

func TestConflictWithAUserThatIsFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The user of another case exists; the answer is lost, and the 409 means the user that was created.
		tr, _ := watched(t, sandbox.Options{Latency: latency, Lag: 3 * time.Second}, qlik.Options{})
		rows := people(5)
		tr.tenant.Add(sandbox.User{Subject: "EMP-00004", Name: "Zoe", Email: "zoe@example.com"})
		tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Reset}, rows[3], true, 1))
		tr.run(t.Context(), rows, provision.Options{})
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 5})
	})
}

func TestTenantsClockDoesNotMatter(t *testing.T) {
	for name, off := range map[string]time.Duration{"two hours behind": -2 * time.Hour, "two hours ahead": 2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				spy.meddle = func(r *http.Response) { shift(t, r, off) }
				rows := people(6)
				user := userOf(rows[1])
				user.CreatedAt = time.Now().Add(-time.Minute)
				tr.tenant.Add(user)
				for _, row := range rows[1:3] {
					tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Reset}, row, true, 1))
				}
				tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Status, Status: 503}, rows[4], true, 0))
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, On: sandbox.EndpointCreate, Status: 429, Times: 1,
					Subjects:   subjectsOf(rows[5:6]),
					RetryAfter: time.Now().Add(20 * time.Second).Add(off).UTC().Format(http.TimeFormat)})
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				tr.check(t, rows)
				tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 5, provision.Exists: 1})
				if tr.took < 19*time.Second || tr.took > 45*time.Second {
					t.Errorf("it took %v, with a wait until 20 s after the start", tr.took)
				}
			})
		})
	}
}

func TestUnconfirmedWhileTheComputerSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Our own clock stood still for an hour between the create and the lookup: the tenant's went on.
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		began := time.Now()
		spy.meddle = func(r *http.Response) {
			if date, err := http.ParseTime(r.Header.Get("Date")); err == nil && time.Since(began) > time.Second {
				r.Header.Set("Date", date.Add(time.Hour).Format(http.TimeFormat))
			}
		}
		rows := people(1)
		tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Reset, Delay: 2 * time.Second}, rows[0], true, 1))
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		tr.outcomes(t, rows, map[provision.Outcome]int{provision.Created: 1})
	})
}
