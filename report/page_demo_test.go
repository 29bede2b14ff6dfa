package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// A sample is a row of a result file as a test writes it, without the code under test.
type sample struct {
	subject, name, email       string
	outcome, message           string
	code, status, trace, tries string
	at                         time.Time
}

// sampleFile writes samples as a result file, and returns its path.
func sampleFile(t testing.TB, samples []sample) string {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	header := append([]string{"Employee ID", "Name", "Email"}, Columns()...)
	records := [][]string{header}
	for i, s := range samples {
		at := ""
		if !s.at.IsZero() {
			at = s.at.UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
		records = append(records, []string{s.subject, s.name, s.email, s.outcome, "", s.subject, s.message, s.code, s.status, s.trace, s.tries, at,
			"acme.eu.qlikcloud.com", strconv.Itoa(i + 1)})
	}
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "new-hires.results.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sampleStart() time.Time { return time.Date(2026, 3, 2, 9, 14, 57, 0, time.UTC) }

// runSamples is what a run over 1,240 people leaves behind: lookups, a burst of 500, waits at the rate limit, and some of each trouble.
func runSamples() []sample {
	first := []string{"Amelia", "Jonas", "Chloé", "Νίκος", "Ngozi", "Luis", "Petra", "Hiroshi", "Zoë", "Bjørn", "Łucja", "Aisha"}
	last := []string{"Hartley", "Brückner", "Lefèvre", "Παπαδάκης", "Okafor", "Carrasco", "Lindner", "Mori", "Ångström", "Sørensen", "Wójcik", "Rahman"}
	start := sampleStart()
	var out []sample
	created := 0
	for i := range 1240 {
		s := sample{
			subject: fmt.Sprintf("%05d", 417+3*i), name: first[i%12] + " " + last[(i/12+i)%12],
			email: fmt.Sprintf("user%04d@acme.example", i+1), outcome: "created", tries: "1", status: "201",
		}
		at := start.Add(time.Duration(created%500)*22*time.Millisecond + time.Duration(created/500)*294*time.Second)
		switch {
		case i%9 == 4:
			s.outcome, s.status, s.tries = "exists", "", ""
			if i%45 == 4 {
				s.message = `name differs: "A. Hartley" there`
			}
			if i%180 == 4 {
				s.message = "disabled on the tenant; name differs: \"A. Hartley\" there"
			}
		case i%97 == 30:
			s.outcome, s.status, s.code, s.trace = "failed", "400", "USERS-4", fmt.Sprintf("8f3b0c%026x", i*7919)
			s.message = fmt.Sprintf("Invalid request: the address %q is not allowed", s.email)
		case i == 388:
			s.outcome, s.status, s.code = "failed", "409", "other-person"
			s.message = fmt.Sprintf("the subject belongs to another person: Marta Kowalska <marta.kowalska@acme.example> on the tenant, %s <%s> in the file", s.name, s.email)
		case i%401 == 200:
			s.outcome, s.message, s.status, s.tries, at = "invalid", fmt.Sprintf("line %d, column \"Email\": %q is not an address", i+2, "n/a"), "", "", time.Time{}
			s.email = "n/a"
		case i%350 == 340:
			s.outcome, s.message, s.status, s.tries, at = "duplicate", "same person as row 12", "", "", time.Time{}
			s.subject = out[11].subject
		case i > 1225:
			s.outcome, s.status, s.tries, at = "pending", "", "", time.Time{}
		default:
			created++
		}
		s.at = at
		out = append(out, s)
	}
	return out
}
