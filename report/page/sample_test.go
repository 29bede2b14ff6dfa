package page

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
	"qlik-provision/report"
)

// A sample is a row of a result file, in short.
type sample struct {
	subject, name, email       string
	outcome                    provision.Outcome
	message, code, trace, user string
	status, tries              int
	at                         time.Time
}

// results are the rows of samples, numbered from 1.
func results(samples []sample) *report.ResultFile {
	r := &report.ResultFile{Path: "/results/new-hires.results.csv", Action: report.Action{
		Command: "create", Subject: "Employee ID", Name: "Name", Email: "Email", Status: "active",
	}}
	for i, s := range samples {
		r.Rows = append(r.Rows, report.Row{
			Row:    &roster.Row{Person: provision.Person{Subject: s.subject, Name: s.name, Email: s.email}},
			Number: i + 1,
			Line:   i + 2,
			Entry: report.Entry{
				Outcome: s.outcome, Code: report.TextCell(s.code), Message: report.TextCell(s.message),
				UserID: report.TextCell(s.user), UserSubject: s.subject, HTTPStatus: report.NumberCell(s.status),
				TraceID: report.TextCell(s.trace), Attempts: report.NumberCell(s.tries), FinishedAt: report.TimeCell{Time: s.at},
				Tenant: "acme.eu.qlikcloud.com", Row: report.NumberCell(i + 1),
			},
		})
	}
	return r
}

// pageOf is the page of results, written an hour after the sample's run.
func pageOf(t testing.TB, r *report.ResultFile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r, sampleStart().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sampleStart() time.Time { return time.Date(2026, 3, 2, 9, 14, 57, 0, time.UTC) }

// runSamples is what a run over 1,240 people leaves behind: lookups, a burst of 500, waits at the rate limit, and some
// of each outcome and trouble.
func runSamples() []sample {
	first := []string{
		"Amelia", "Jonas", "Chloé", "Νίκος", "Ngozi", "Luis", "Petra", "Hiroshi", "Zoë", "Bjørn", "Łucja", "Aisha",
	}
	last := []string{
		"Hartley", "Brückner", "Lefèvre",
		"Παπαδάκης", "Okafor", "Carrasco", "Lindner", "Mori", "Ångström", "Sørensen",
		"Wójcik", "Rahman",
	}
	start := sampleStart()
	var out []sample
	created := 0
	for i := range 1240 {
		s := sample{
			subject: fmt.Sprintf("%05d", 417+3*i), name: first[i%12] + " " + last[(i/12+i)%12],
			email: fmt.Sprintf("user%04d@acme.example", i+1), outcome: provision.Created, tries: 1, status: 201,
			user: fmt.Sprintf("%024x", 0x63f0+i),
			at:   start.Add(time.Duration(created%500)*22*time.Millisecond + time.Duration(created/500)*294*time.Second),
		}
		switch {
		case i%9 == 4:
			s.existing(i)
		case i%97 == 30:
			s.outcome, s.status, s.code, s.user = provision.Failed, 400, "USERS-4", ""
			s.trace = fmt.Sprintf("8f3b0c%026x", i*7919)
			s.message = fmt.Sprintf("Invalid request: the address %q is not allowed", s.email)
		case i == 388:
			s.outcome, s.status, s.code, s.user = provision.Failed, 409, provision.CodeSubjectConflict, ""
			s.message = "the subject belongs to another user: Marta Kowalska <marta.kowalska@acme.example> on the tenant, " +
				s.name + " <" + s.email + "> in the file"
		case i%401 == 200:
			s.unsent(provision.Invalid)
			s.code, s.message, s.email = provision.CodeBadEmail, fmt.Sprintf("line %d: \"n/a\" is not an address", i+2), "n/a"
		case i%350 == 340:
			s.unsent(provision.Duplicate)
			s.message, s.subject = "same person as row 12", out[11].subject
		case i%211 == 100:
			s.unsent(provision.Skipped)
			s.message = "Status is Terminated"
		case i > 1225:
			s.unsent(provision.Pending)
		default:
			created++
		}
		out = append(out, s)
	}
	return out
}

// existing makes a sample one of a person who already has a user.
func (s *sample) existing(i int) {
	s.outcome, s.status, s.tries = provision.Exists, 0, 0
	switch {
	case i%180 == 4:
		s.code, s.message = provision.CodeDisabled, `disabled on the tenant; name differs: "A. Hartley" on the tenant`
	case i%45 == 4:
		s.code, s.message = provision.CodeDiffers, `name differs: "A. Hartley" on the tenant`
	}
}

// unsent makes a sample one that nothing was sent for.
func (s *sample) unsent(o provision.Outcome) {
	s.outcome, s.status, s.tries, s.at, s.user = o, 0, 0, time.Time{}, ""
}

// manySamples are n rows: half of them done, a third pending, a sixth refused.
func manySamples(n int) []sample {
	out := make([]sample, n)
	for i := range out {
		s := sample{
			subject: fmt.Sprintf("%06d", i), name: fmt.Sprintf("Anna Person %d", i),
			email: fmt.Sprintf("user%d@acme.example", i), outcome: provision.Created, user: fmt.Sprintf("%024x", i),
			status: 201, tries: 1, at: sampleStart().Add(time.Duration(i) * time.Second),
		}
		switch i % 6 {
		case 0, 3:
			s.unsent(provision.Pending)
		case 1:
			s.outcome, s.status, s.code, s.user = provision.Failed, 400, "USERS-4", ""
			s.message = "creating user: 400 Invalid request: the tenant does not take this address"
		}
		out[i] = s
	}
	return out
}
