// Webhook is a receiver for Alertmanager: it listens on an address, and appends
// what it is sent to a file, one message a line.
//
//	webhook ADDRESS FILE
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: webhook ADDRESS FILE")
	}
	file, err := os.OpenFile(os.Args[2], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Args[1], receiver(file)))
}

// receiver writes the messages to w.
func receiver(w io.Writer) http.HandlerFunc {
	var mu sync.Mutex
	return func(answer http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var line bytes.Buffer
		if err == nil {
			err = json.Compact(&line, body)
		}
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		line.WriteByte('\n')
		mu.Lock()
		defer mu.Unlock()
		if _, err := w.Write(line.Bytes()); err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
		}
	}
}
