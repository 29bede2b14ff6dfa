package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/report"
)

func TestPageCountsAsSummaryDoes(t *testing.T) {
	samples := runSamples()
	samples[9].unsent(provision.Duplicate) // of row 389, which failed
	samples[9].subject, samples[9].message = samples[388].subject, "same person as row 389"
	r := results(samples)
	v := newView(r, sampleStart())
	open := 0
	for _, o := range v.open {
		if o {
			open++
		}
	}
	if open != r.Summary().NotDone || !v.open[9] || v.open[340] {
		t.Errorf("%d rows are not done, want %d; row 10: %v, row 341: %v", open, r.Summary().NotDone, v.open[9], v.open[340])
	}
	causes := r.Summary().Causes
	if len(causes) != len(v.Causes) {
		t.Fatalf("the page has %d causes, the summary %d", len(v.Causes), len(causes))
	}
	for i, c := range causes {
		if g := v.Causes[i]; g.Outcome != c.Outcome || g.Code != c.Code || g.Count != c.Count {
			t.Errorf("cause %d is %s %s of %d rows, in the summary %s %s of %d",
				i, g.Outcome, g.Code, g.Count, c.Outcome, c.Code, c.Count)
		}
	}
}

func TestPageStatesOutcomeOfRun(t *testing.T) {
	at := sampleStart()
	ok := sample{subject: "1", outcome: "created", at: at, tries: 1}
	disabled := sample{
		subject: "2", outcome: "exists", code: "disabled", message: "disabled on the tenant", at: at.Add(20 * time.Second),
	}
	differing := sample{subject: "5", outcome: "exists", code: "differs", message: "name differs", at: at}
	bad := sample{subject: "3", outcome: "failed", code: "USERS-4", message: "no", at: at.Add(90 * time.Second), tries: 1}
	open := sample{subject: "4", outcome: "pending"}
	created := func(subject string, after time.Duration) sample {
		return sample{subject: subject, outcome: "created", at: at.Add(after), tries: 1}
	}
	for _, c := range []struct {
		what        string
		samples     []sample
		has, hasNot []string
	}{
		{"everything done", []sample{ok, disabled, differing},
			[]string{"All 3 rows are done", "3 rows were settled in 20 s.",
				"2 Mar 2026, 09:15:17 UTC", "Done, but worth checking", "name differs</p>", "disabled on the tenant</p>"},
			[]string{"Why rows are not done", `value="open"`}},
		{"one row, done", []sample{ok}, []string{"The one row is done"}, []string{`class="chart`, "Done, but"}},
		{"one of one not", []sample{bad}, []string{"0 of 1 row is done", "1 is not: 1 failed."}, nil},
		{"some not", []sample{ok, disabled, bad, open},
			[]string{"2 of 4 rows are done", "2 are not: 1 failed, 1 pending.", `<a href="#row-3">3</a>`, "id=row-4 class=open"},
			[]string{"other causes"}},
		{"a plan without lookups", []sample{open, open}, []string{"Nothing has been sent yet: 2 rows"},
			[]string{"First outcome", `class="chart`, `class="lede"`}},
		{"a plan with lookups", []sample{disabled, open, open},
			[]string{"Nothing has been sent yet: 3 rows", "1 exists, 2 pending."}, nil},
		{"a pause between two runs", []sample{ok, created("2", 5*time.Second), created("3", 26*time.Hour)},
			[]string{"3 rows were settled in 5 s, with a pause of 1 d 1 h.", "Pauses between runs are cut short"},
			[]string{"Shaded"}},
		{"pauses between three runs", []sample{ok, created("2", time.Hour), created("3", 3*time.Hour)},
			[]string{"3 rows were settled in 0 s, with 2 pauses of 3 h in total."}, []string{"Shaded"}},
		{"a wait", []sample{ok, created("2", time.Second), created("3", 2*time.Second), created("4", 42*time.Second)},
			[]string{"4 rows were settled in 42 s; for 40 s of it no row was settled.", "Shaded"},
			[]string{"Pauses between runs"}},
		{"a message as long as the page shows", []sample{{outcome: "failed", message: strings.Repeat("m", maxShown-2) + "é"}},
			[]string{"<td>" + strings.Repeat("m", maxShown-2) + "é\n"}, nil},
		{"a longer message", []sample{{outcome: "failed", message: strings.Repeat("m", maxShown-1) + "é"}},
			[]string{"<td>" + strings.Repeat("m", maxShown-3) + "…\n"}, nil},
	} {
		t.Run(c.what, func(t *testing.T) { wantTexts(t, results(c.samples), c.has, c.hasNot) })
	}
}

func TestPageLimitsCauses(t *testing.T) {
	var samples []sample
	for i := range maxGroups + 3 {
		samples = append(samples, sample{outcome: "failed", code: fmt.Sprintf("CODE-%d", i), message: "no"})
	}
	samples = append(samples, sample{outcome: "failed", code: "CODE-52", message: "no"}) // the most frequent
	wantTexts(t, results(samples),
		[]string{"3 rows have other causes.", "<code>CODE-52</code>", "<code>CODE-48</code>",
			"id=row-53 class=open data-group=1>"},
		[]string{"<code>CODE-49</code>", "data-group=0", "data-group=51"})
}

func TestPageExplainsEveryOutcome(t *testing.T) {
	seen := map[string]bool{"": true}
	var samples []sample
	for _, o := range provision.Outcomes() {
		m := meaning(o)
		if seen[m] {
			t.Errorf("%s has no meaning of its own: %q", o, m)
		}
		seen[m] = true
		samples = append(samples, sample{outcome: o})
	}
	page := string(pageOf(t, results(samples)))
	for _, o := range provision.Outcomes() {
		filter := `name="outcome" value="` + string(o) + `"`
		if !strings.Contains(pageCSS, ".s-"+string(o)+" {") || !strings.Contains(page, filter) {
			t.Errorf("the page has no colour or no filter for %s", o)
		}
	}
}

func TestPageStatesWhetherRunIsComplete(t *testing.T) {
	r := results([]sample{{outcome: "created"}, {outcome: "pending"}})
	r.Running, r.Holder, r.Unmerged = true, "process 4711 on pc7", true
	wantTexts(t, r, []string{"A run is working on this file.", "(process 4711 on pc7)"}, []string{"did not reach its end"})
	r.Running = false
	wantTexts(t, r, []string{"A run did not reach its end."}, []string{"A run is working"})
	r.Unmerged, r.Warnings = false, []string{"2 rows of at least 4 are no longer in the file"}
	wantTexts(t, r, r.Warnings, []string{"did not reach its end", "A run is working"})
}

func TestPageNamesTenant(t *testing.T) {
	for tenant, want := range map[string]string{
		"sandbox": "no real user was created", "": "not contacted", "acme.eu.qlikcloud.com": "acme.eu.qlikcloud.com</dd>",
	} {
		r := results([]sample{{outcome: "created"}})
		r.Rows[0].Entry.Tenant = tenant
		wantTexts(t, r, []string{want, "create --subject &#39;Employee ID&#39;"}, nil)
	}
}

// wantTexts checks which texts are in the source of the page.
func wantTexts(t *testing.T, r *report.Results, has, hasNot []string) {
	t.Helper()
	page := string(pageOf(t, r))
	for _, s := range has {
		if !strings.Contains(page, s) {
			t.Errorf("the page does not have %q", s)
		}
	}
	for _, s := range hasNot {
		if strings.Contains(page, s) {
			t.Errorf("the page has %q", s)
		}
	}
}
