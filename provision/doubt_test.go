package provision_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// lost are the ways in which an answer to a create is lost.
var lost = map[string]sandbox.Fault{
	"408":     {Kind: sandbox.FaultStatus, Status: 408},
	"500":     {Kind: sandbox.FaultStatus, Status: 500},
	"503":     {Kind: sandbox.FaultStatus, Status: 503, Body: "<html>busy</html>"},
	"reset":   {Kind: sandbox.FaultReset},
	"hang":    {Kind: sandbox.FaultHang},
	"cut":     {Kind: sandbox.FaultCut},
	"garbage": {Kind: sandbox.FaultGarbage},
	"endless": {Kind: sandbox.FaultEndless},
	"nested":  {Kind: sandbox.FaultNested},
	"drip":    {Kind: sandbox.FaultDrip},
	"no id":   {Kind: sandbox.FaultStatus, Status: 201, Body: `{"subject":"emp-00004"}`},
	"empty":   {Kind: sandbox.FaultStatus, Status: 201, NoBody: true},
}

// onCreate makes a fault strike the create of one row.
func onCreate(f sandbox.Fault, row provision.Row, after bool, times int) sandbox.Fault {
	f.On, f.Subjects, f.After, f.Times = sandbox.EndpointCreate, []string{row.Subject}, after, times
	return f
}

// allButTheFirst makes a fault strike the creates of one row, but for the first, before they have an effect.
func allButTheFirst(f sandbox.Fault, row provision.Row) sandbox.Fault {
	f = onCreate(f, row, false, 0)
	f.Skip = 1
	return f
}

func TestAnAnswerThatWasLostIsFoundOut(t *testing.T) {
	for name, fault := range lost {
		for _, lag := range []time.Duration{0, 4 * time.Second} {
			for _, times := range []int{1, 2} { // the second strikes before the effect: the 409 comes first
				t.Run(fmt.Sprintf("%s/seen after %v/%d times", name, lag, times), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr, spy := watched(t, sandbox.Options{Latency: latency, Lag: lag}, qlik.Options{})
						rows := people(8)
						tr.tenant.Inject(onCreate(fault, rows[3], true, 1))
						if times == 2 {
							tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503}, rows[3], false, 1))
						}
						tr.run(t.Context(), rows, provision.Options{})
						tr.check(t, rows)
						tr.states(t, rows, map[provision.State]int{provision.Created: 8})
						if out := tr.got.of[4]; out.Attempts < times+1 || out.ErrorCode != "" {
							t.Errorf("%+v", out)
						}
						if n := tr.tenant.Stats().Created; n != 8 {
							t.Errorf("%d users were created", n)
						}
						for _, c := range spy.to(sandbox.EndpointList) {
							if c.filter != `subject eq "emp-00004"` {
								t.Errorf("looked for %s", c.filter)
							}
						}
					})
				})
			}
		}
	}
}

func TestWhoWasThereBeforeTheDoubt(t *testing.T) {
	ago := func(d time.Duration) func(*sandbox.User) {
		return func(u *sandbox.User) { u.CreatedAt = time.Now().Add(-d) }
	}
	for _, test := range []struct {
		name   string
		there  func(*sandbox.User)
		state  provision.State
		code   string
		status int
		said   string // in the message
	}{
		{"by another client a minute before", ago(time.Minute), provision.Exists, "", 409, ""},
		{"by another client just before the slack", ago(6 * time.Second), provision.Exists, "", 409, ""},
		{"within the slack", ago(3 * time.Second), provision.Created, "", 0, "the answer was lost"},
		{"with another name", func(u *sandbox.User) { ago(time.Minute)(u); u.Name = "P. Vier" }, provision.Exists, "", 409, `name differs: "P. Vier" there`},
		{"somebody else", func(u *sandbox.User) { ago(time.Minute)(u); u.Name, u.Email = "Zoe", "zoe@example.com" }, provision.Failed, provision.OtherPerson, 409, "Zoe <zoe@example.com> on the tenant"},
		{"somebody else, created meanwhile", func(u *sandbox.User) { u.Name, u.Email = "Zoe", "zoe@example.com" }, provision.Failed, provision.OtherPerson, 409, "another person"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(8)
				tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 502}, rows[3], false, 1))
				user := sandbox.User{Subject: rows[3].Subject, Name: rows[3].Name, Email: rows[3].Email}
				test.there(&user)
				tr.tenant.Add(user)
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				tr.check(t, rows)
				out := tr.got.of[4]
				if out.State != test.state || out.ErrorCode != test.code || out.HTTPStatus != test.status || !strings.Contains(out.Message, test.said) {
					t.Errorf("%+v", out)
				}
				if out.UserID == "" {
					t.Error("no id")
				}
			})
		})
	}
}

func TestWhatIsSaidWhenTheAttemptsAreUsedUp(t *testing.T) {
	busy := sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503, Code: "HTTP-503", Title: "Busy"}
	refused := sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403, On: sandbox.EndpointList}
	for _, test := range []struct {
		name   string
		o      sandbox.Options
		faults func(row provision.Row) []sandbox.Fault
		add    *sandbox.User
		state  provision.State
		code   string
		said   string
	}{
		{"nobody there", sandbox.Options{}, func(row provision.Row) []sandbox.Fault { return []sandbox.Fault{onCreate(busy, row, false, 0)} },
			nil, provision.Failed, "HTTP-503", "Busy"},
		{"there after all", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 1), allButTheFirst(busy, row)}
		}, nil, provision.Created, "", "the answer was lost"},
		{"created by the last attempt", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, false, 4), onCreate(busy, row, true, 0)}
		}, nil, provision.Created, "", "the answer was lost"},
		{"there, and long before", sandbox.Options{}, func(row provision.Row) []sandbox.Fault { return []sandbox.Fault{onCreate(busy, row, false, 0)} },
			&sandbox.User{Subject: "emp-00004", Name: "Person 4", CreatedAt: time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC)}, provision.Exists, "", "no email there"},
		{"another case of the subject, which is another subject", sandbox.Options{}, func(row provision.Row) []sandbox.Fault { return []sandbox.Fault{onCreate(busy, row, false, 0)} },
			&sandbox.User{Subject: "EMP-00004", Name: "Person 4", Email: "p4@example.com"}, provision.Failed, "HTTP-503", "Busy"},
		{"the look fails for a while", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 1), allButTheFirst(busy, row), {Kind: sandbox.FaultReset, On: sandbox.EndpointList, Times: 4}}
		}, nil, provision.Created, "", "the answer was lost"},
		{"the look meets its limit for longer than its attempts last", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 1), allButTheFirst(busy, row), {Kind: sandbox.FaultStatus, Status: 429, RetryAfter: "5", On: sandbox.EndpointList, Times: 20}}
		}, nil, provision.Created, "", "the answer was lost"},
		{"there is no token for the look for a while", sandbox.Options{TokenUses: 5}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 1), allButTheFirst(busy, row), {Kind: sandbox.FaultStatus, Status: 503, On: sandbox.EndpointToken, Skip: 1, Times: 9}}
		}, nil, provision.Created, "", "the answer was lost"},
		{"the look fails", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 0), {Kind: sandbox.FaultReset, On: sandbox.EndpointList}}
		}, nil, provision.Pending, "", "it may have been created; the look at it failed: no answer"},
		{"the look is refused", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 0), refused}
		}, nil, provision.Pending, "HTTP-403", "it may have been created; the look at it failed: Forbidden"},
		{"a 409, and the look is refused", sandbox.Options{}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 1), refused}
		}, nil, provision.Pending, "HTTP-403", "on the tenant, created by this run or there before; the look at it failed: Forbidden"},
		{"seen too late", sandbox.Options{Lag: time.Hour}, func(row provision.Row) []sandbox.Fault {
			return []sandbox.Fault{onCreate(busy, row, true, 1)}
		}, nil, provision.Failed, "USERS-8", "Conflict: A user with this subject exists already."},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.o.Latency = latency
				tr, spy := watched(t, test.o, qlik.Options{})
				rows := people(5)
				for _, f := range test.faults(rows[3]) {
					tr.tenant.Inject(f)
				}
				if test.add != nil {
					tr.tenant.Add(*test.add)
				}
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				if tr.err != nil || tr.got.all != len(rows) || tr.got.count(provision.Created) < 4 {
					t.Errorf("%v, %d outcomes", tr.err, tr.got.all)
				}
				out := tr.got.of[4]
				if out.State != test.state || out.ErrorCode != test.code || !strings.Contains(out.Message, test.said) {
					t.Errorf("%+v", out)
				}
				if test.o.Lag == 0 {
					tr.truth(t, rows)
				}
				var sent int
				for _, c := range spy.to(sandbox.EndpointCreate) {
					if c.subject == rows[3].Subject {
						sent++
					}
				}
				if sent > 5 || out.Attempts != sent {
					t.Errorf("%d creates, %d attempts", sent, out.Attempts)
				}
			})
		})
	}
}

func TestACreateThatWasNeverSentIsNotInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		spy.next = &nameless{spy.next, time.Now(), latency / 2, forever} // once the token is asked for
		rows := people(1)
		tr.run(t.Context(), rows, provision.Options{NoLookup: true, Attempts: 2})
		const want = "it was not created; the look at it failed: no answer: dial tcp: lookup sandbox.example.com: server misbehaving"
		if out := tr.got.of[1]; tr.err != nil || out.State != provision.Pending || out.Attempts != 2 || out.Message != want {
			t.Errorf("%v, %+v", tr.err, out)
		}
	})
}

func TestWhatTheTenantSaysIsCutToWhatACellHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{}, qlik.Options{})
		rows := people(1)
		tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400, Title: strings.Repeat("x", 3999) + strings.Repeat("ü", 1000)}, rows[0], false, 0))
		tr.run(t.Context(), rows, provision.Options{})
		if out := tr.got.of[1]; out.State != provision.Failed || out.Message != strings.Repeat("x", 3999)+"…" {
			t.Errorf("%s: %d bytes, %q at the end", out.State, len(out.Message), out.Message[max(0, len(out.Message)-10):])
		}
	})
}

func TestA409WithoutADoubt(t *testing.T) {
	for _, test := range []struct {
		name     string
		caseless bool
		add      sandbox.User // nobody, where it has no subject
		fault    sandbox.Fault
		state    provision.State
		code, id string
		said     string
	}{
		{"the same person", false, sandbox.User{Subject: "emp-00004", Name: "person 4 ", Email: "P4@example.com"}, sandbox.Fault{}, provision.Exists, "", "there", ""},
		{"the same person, created this very moment", false, sandbox.User{Subject: "emp-00004", Name: "Person 4", Email: "p4@example.com", CreatedAt: time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC)}, sandbox.Fault{}, provision.Exists, "", "there", ""},
		{"nothing to compare", false, sandbox.User{Subject: "emp-00004"}, sandbox.Fault{}, provision.Exists, "", "there", "no name there; no email there"},
		{"another person", false, sandbox.User{Subject: "emp-00004", Name: "Zoe", Email: "zoe@example.com"}, sandbox.Fault{}, provision.Failed, provision.OtherPerson, "there", "Zoe <zoe@example.com> on the tenant, Person 4 <p4@example.com> in the file"},
		{"another case only", true, sandbox.User{Subject: "EMP-00004", Name: "Person 4", CreatedAt: time.Date(1999, 3, 2, 0, 0, 0, 0, time.UTC)}, sandbox.Fault{}, provision.Exists, "", "there", "on the tenant as EMP-00004, created 1999-03-02; no email there"},
		{"another case of another person", true, sandbox.User{Subject: "EMP-00004", Name: "Zoe", Email: "zoe@example.com"}, sandbox.Fault{}, provision.Failed, provision.OtherPerson, "there", "Zoe <zoe@example.com>"},
		{"nobody found", false, sandbox.User{}, sandbox.Fault{Kind: sandbox.FaultStatus, Body: `{"errors":[{"code":"USERS-99","title":"Taken","detail":"by a ghost","status":"409"}],"traceId":"abc123"}`, Status: 409},
			provision.Failed, "USERS-99", "", "Taken: by a ghost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency, CaseInsensitive: test.caseless}, qlik.Options{})
				rows := people(5)
				if test.add.Subject != "" {
					test.add.ID = "there"
					tr.tenant.Add(test.add)
				} else {
					tr.tenant.Inject(onCreate(test.fault, rows[3], false, 0))
				}
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				out := tr.got.of[4]
				if tr.err != nil || out.State != test.state || out.ErrorCode != test.code || out.UserID != test.id || !strings.Contains(out.Message, test.said) || out.HTTPStatus != 409 || out.Attempts != 1 {
					t.Errorf("%+v, %v", out, tr.err)
				}
				if test.said == "" && out.Message != "" {
					t.Errorf("said %q where there is nothing to say", out.Message)
				}
				if out.State == provision.Failed && out.TraceID == "" {
					t.Error("no trace id")
				}
				if n := len(spy.to(sandbox.EndpointList)); n != 1 {
					t.Errorf("%d looks", n)
				}
			})
		})
	}
}

func TestInDoubtAnotherCaseIsSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The answer is lost; the 409 means the user that was created, who is not found yet, and not the one whose subject looks alike.
		tr, _ := watched(t, sandbox.Options{Latency: latency, Lag: 3 * time.Second}, qlik.Options{})
		rows := people(5)
		tr.tenant.Add(sandbox.User{Subject: "EMP-00004", Name: "Person 4", Email: "p4@example.com"})
		tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultReset}, rows[3], true, 1))
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		tr.states(t, rows, map[provision.State]int{provision.Created: 5})
	})
	synctest.Test(t, func(t *testing.T) {
		// The same, where the tenant takes both for one.
		tr, _ := watched(t, sandbox.Options{Latency: latency, CaseInsensitive: true}, qlik.Options{})
		rows := people(5)
		tr.tenant.Add(sandbox.User{ID: "u1", Subject: "EMP-00004", Name: "Person 4", Email: "p4@example.com"})
		tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultReset}, rows[3], false, 1))
		tr.run(t.Context(), rows, provision.Options{})
		if out := tr.got.of[4]; out.State != provision.Exists || out.UserID != "u1" || !strings.HasPrefix(out.Message, "on the tenant as EMP-00004") {
			t.Errorf("%+v", out)
		}
	})
}

func TestTheTenantsClockDoesNotMatter(t *testing.T) {
	for name, off := range map[string]time.Duration{"two hours behind": -2 * time.Hour, "two hours ahead": 2 * time.Hour, "not said": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				spy.meddle = func(r *http.Response) {
					if off == 0 {
						r.Header.Del("Date")
						return
					}
					shift(t, r, off)
				}
				rows := people(6)
				tr.tenant.Add(sandbox.User{Subject: rows[1].Subject, Name: rows[1].Name, CreatedAt: time.Now().Add(-time.Minute)})
				for _, row := range rows[1:3] {
					tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultReset}, row, true, 1))
				}
				tr.tenant.Inject(onCreate(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 503}, rows[4], true, 0))
				tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, On: sandbox.EndpointCreate, Subjects: []string{rows[5].Subject}, Status: 429, Times: 1,
					RetryAfter: time.Now().Add(20 * time.Second).Add(off).UTC().Format(http.TimeFormat)})
				tr.run(t.Context(), rows, provision.Options{NoLookup: true})
				tr.check(t, rows)
				tr.states(t, rows, map[provision.State]int{provision.Created: 5, provision.Exists: 1})
				if tr.took < 19*time.Second || tr.took > 45*time.Second {
					t.Errorf("it took %v, with a wait until 20 s after the start", tr.took)
				}
			})
		})
	}
}

// shift puts an answer's times off, in its Date and in every createdAt.
func shift(t *testing.T, r *http.Response, off time.Duration) {
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Date", date.Add(off).Format(http.TimeFormat))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Data []map[string]any `json:"data"`
	}
	if json.Unmarshal(body, &list) == nil && list.Data != nil {
		for _, u := range list.Data {
			at, err := time.Parse(time.RFC3339, u["createdAt"].(string))
			if err != nil {
				t.Fatal(err)
			}
			u["createdAt"] = at.Add(off).Format(time.RFC3339Nano)
		}
		if body, err = json.Marshal(list); err != nil {
			t.Fatal(err)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
}
