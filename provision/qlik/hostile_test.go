package qlik

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// hostile are answers that no tenant should give. elsewhere is the address of another server.
func hostile(elsewhere string) map[string]struct {
	answer http.HandlerFunc
	kind   error
} {
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	redirect := func(status int, location string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
		}
	}
	return map[string]struct {
		answer http.HandlerFunc
		kind   error
	}{
		"endless":          {endless(201), ErrGarbled},
		"drip":             {drip, ErrGarbled},
		"gzip bomb":        {gzipBomb, ErrGarbled},
		"nested":           {write(201, strings.Repeat("[", 60_000)), ErrGarbled},
		"garbage":          {write(201, "\x00\xff\xfe{"), ErrGarbled},
		"cut":              {cut, ErrGarbled},
		"101":              {switching, ErrGarbled},
		"long header":      {longHeader, ErrNoAnswer},
		"reset":            {reset, ErrNoAnswer},
		"hang":             {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ErrNoAnswer},
		"empty 500":        {write(500, ""), ErrNoAnswer},
		"redirect":         {redirect(302, elsewhere+"/login?x=1"), ErrNotTenant},
		"invalid redirect": {redirect(307, ":// no URL"), ErrNotTenant},
	}
}

func endless(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		for chunk := bytes.Repeat([]byte(" "), 4096); r.Context().Err() == nil; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusCreated)
	for {
		io.WriteString(w, " ")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func gzipBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(http.StatusCreated)
	z := gzip.NewWriter(w)
	for range 256 {
		if _, err := z.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
			return
		}
	}
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, `{"id":`)
}

func longHeader(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	w.WriteHeader(http.StatusCreated)
}

func switching(w http.ResponseWriter, r *http.Request) {
	raw(w, func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(io.Discard, conn) // until the client closes it
	})
}

func reset(w http.ResponseWriter, _ *http.Request) {
	raw(w, func(conn net.Conn) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	})
}

// raw passes the bare connection to use, and closes it.
func raw(w http.ResponseWriter, use func(net.Conn)) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	use(conn)
}
