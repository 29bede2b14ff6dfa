package qlik

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var kinds = []error{
	ErrCredentials, ErrNoToken, ErrLimited, ErrForbidden, ErrConflict, ErrNotFound, ErrRefused, ErrNoAnswer, ErrGarbled,
	ErrNotTenant,
}

func TestStatusDecidesKindOfError(t *testing.T) {
	table := map[int]error{
		400: ErrRefused, 401: ErrCredentials, 403: ErrForbidden, 408: ErrNoAnswer, 409: ErrConflict, 413: ErrRefused,
		422: ErrRefused, 429: ErrLimited,
	}
	for status := 100; status < 1000; status++ {
		for _, oneUser := range []bool{false, true} {
			want := table[status]
			switch {
			case want != nil:
			case status < 300:
				want = ErrGarbled
			case status == 404 && oneUser:
				want = ErrNotFound
			case status/100 == 5:
				want = ErrNoAnswer
			default:
				want = ErrNotTenant
			}
			r := request{want: http.StatusOK}
			if oneUser {
				r.want = http.StatusNoContent
			}
			err := fmt.Errorf("wrapped: %w", refusal(r, status, nil))
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == want) {
					t.Errorf("%d is %v: %v, want %v", status, kind, kind != want, want)
				}
			}
			if errors.Is(err, ErrNotSent) {
				t.Errorf("%d counts as not sent", status)
			}
			if text := err.Error(); !strings.Contains(text, fmt.Sprint(status)) {
				t.Errorf("%d without a body: %q", status, text)
			}
		}
	}
}

func TestErrorBodyIsRead(t *testing.T) {
	for _, test := range []struct{ name, body, code, trace, text string }{
		{"Qlik's", `{"errors":[{"code":"USERS-7","title":"Not found","detail":"No such user","status":404,` +
			`"source":{"pointer":"/subject"}}],"traceId":"79cf"}`, "USERS-7", "79cf", "Not found: No such user"},
		{"the status as text", `{"errors":[{"code":"A-1","title":"T","status":"400"}],"traceId":"1"}`, "A-1", "1", "T"},
		{"a title that ends in a full stop", `{"errors":[{"code":"HTTP-429","title":"API rate limit reached.",` +
			`"detail":"You need to wait 13 seconds."}]}`,
			"HTTP-429", "", "API rate limit reached: You need to wait 13 seconds."},
		{"detail alone", `{"errors":[{"detail":"D"}]}`, "", "", "D"},
		{"the detail repeats the title", `{"errors":[{"title":"Same","detail":"Same"}]}`, "", "", "Same"},
		{"two errors", `{"errors":[{"code":"A","title":"first"},{"code":"B","title":"second"}]}`, "A", "", "first"},
		{"no errors in it", `{"errors":[],"traceId":"2"}`, "", "2", "HTTP 400 Bad Request"},
		{"errors of the wrong type", `{"errors":"all of them","traceId":"3"}`, "", "3", "HTTP 400 Bad Request"},
		{"a code of the wrong type", `{"errors":[{"code":7,"title":"T","detail":"D"}],"traceId":"4"}`, "", "4", "T: D"},
		{"a trace of the wrong type", `{"traceId":[1],"errors":[{"code":"A","title":"T"}]}`, "A", "", "T"},
		{"OAuth's", `{"error":"invalid_client","error_description":"who are you"}`,
			"invalid_client", "", "invalid_client: who are you"},
		{"OAuth's, bare", `{"error":"invalid_client"}`, "invalid_client", "", "invalid_client"},
		{"control characters", `{"errors":[{"code":"A\n1","title":"not found\nhint: curl evil",` +
			`"detail":"\u001b[31m\u2028red"}],"traceId":"1\n2"}`, "A 1", "1 2", "not found hint: curl evil:  [31m red"},
		{"control characters, OAuth's", `{"error":"a\nb","error_description":"c\rd"}`, "a b", "", "a b: c d"},
		{"HTML", `<html><body>502</body></html>`, "", "", "HTTP 400 Bad Request"},
		{"nothing", ``, "", "", "HTTP 400 Bad Request"},
		{"null", `null`, "", "", "HTTP 400 Bad Request"},
		{"an array", `[1,2]`, "", "", "HTTP 400 Bad Request"},
		{"cut short", `{"errors":[{"code":"A","title":"T"`, "", "", "HTTP 400 Bad Request"},
		{"nested deeply", strings.Repeat("[", 100_000), "", "", "HTTP 400 Bad Request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := refusal(request{}, 400, []byte(test.body))
			if e.Code != test.code || e.TraceID != test.trace || e.Error() != test.text {
				t.Errorf("%q %q %q, want %q %q %q", e.Code, e.TraceID, e, test.code, test.trace, test.text)
			}
		})
	}
}

func TestUnexpectedSuccessKeepsWhatTheTenantSays(t *testing.T) {
	e := refusal(request{want: 204}, 207, []byte(`{"errors":[{"code":"A","title":"Some failed."}]}`))
	if want := "unexpected answer: HTTP 207 instead of 204: Some failed"; e.Error() != want || e.Code != "A" {
		t.Errorf("%q, %q, want %q", e, e.Code, want)
	}
	if e = refusal(request{want: 201}, 200, nil); e.Error() != "unexpected answer: HTTP 200 instead of 201" {
		t.Errorf("%q", e)
	}
}

func FuzzErrorBody(f *testing.F) {
	f.Add(400, []byte(`{"errors":[{"code":"USERS-7","title":"Not found","detail":"No","status":404}],"traceId":"79cf"}`))
	f.Add(401, []byte(`{"error":"invalid_client","error_description":"who are you"}`))
	f.Add(502, []byte(`<html>`))
	f.Add(429, []byte(`{"errors":[{"code":1,"title":"\ud800"}]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := refusal(request{}, status, body)
		if e.Error() == "" || e.Status != status {
			t.Errorf("%d: %q", e.Status, e.Error())
		}
		for _, text := range []string{e.Code, e.TraceID, e.Error()} {
			if !utf8.ValidString(text) {
				t.Errorf("%q is not UTF-8", text)
			}
		}
		if !json.Valid(body) && e.Error() != refusal(request{}, status, nil).Error() {
			t.Errorf("%q was taken for an error body", body)
		}
	})
}

func TestRetryAfterIsReadAndBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, test := range []struct {
		value, date string
		want        time.Duration
	}{
		{"13", "", 13 * time.Second},
		{" 13\t", "", 13 * time.Second},
		{"007", "", 7 * time.Second},
		{"600", "", 10 * time.Minute},
		{"601", "", 10 * time.Minute},
		{"31536000", "", 10 * time.Minute},
		{"9223372036854775807", "", 10 * time.Minute},
		{"99999999999999999999", "", 10 * time.Minute},
		{"", "", 0}, {"0", "", 0}, {"-1", "", 0}, {"+5", "", 0},
		{"1.5", "", 0}, {"1e3", "", 0}, {"soon", "", 0}, {"5 seconds", "", 0}, {"٣", "", 0},
		{at(20 * time.Second), "", 20 * time.Second},
		{at(20 * time.Second), at(5 * time.Second), 15 * time.Second},
		{at(2*time.Hour + time.Minute), at(2 * time.Hour), time.Minute},
		{at(-2*time.Hour + time.Minute), at(-2 * time.Hour), time.Minute},
		{at(20 * time.Second), "yesterday", 20 * time.Second},
		{at(-time.Second), "", 0},
		{at(365 * 24 * time.Hour), "", 10 * time.Minute},
		{now.Add(9 * time.Second).Format(time.RFC850), "", 9 * time.Second},
		{now.Add(9 * time.Second).Format(time.ANSIC), "", 9 * time.Second},
	} {
		h := http.Header{}
		h.Set("Retry-After", test.value)
		h.Set("Date", test.date)
		if got := retryAfter(h, now); got != test.want {
			t.Errorf("Retry-After %q, Date %q: %v, want %v", test.value, test.date, got, test.want)
		}
	}
	if got := retryAfter(http.Header{}, now); got != 0 {
		t.Errorf("none: %v", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("13", "")
	f.Add("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:27:00 GMT")
	f.Add("-9223372036854775808", "x")
	f.Fuzz(func(t *testing.T, value, date string) {
		got := retryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, time.Now())
		if got < 0 || got > maxRetryAfter {
			t.Errorf("%q: %v", value, got)
		}
	})
}

// refusal is the error of an answer.
func refusal(r request, status int, body []byte) *Error {
	c := &Client{secrets: newSecrets(Credentials{}, nil)}
	return c.statusError(r, status, http.Header{}, body)
}
