;;; eglot.el --- A user of Emacs with eglot, in scenarios  -*- lexical-binding: t -*-

;; `emacs -q --batch -l eglot.el -f SCENARIO' plays one in the current folder.  What fails signals an
;; error, which ends Emacs with another exit code than 0.  The last lines of what was said between
;; eglot and the server are shown then.

(require 'cl-lib)
(unless (require 'eglot nil t)
  (error "This Emacs has no eglot: `tests/run' installs it, as does `apt-get install elpa-eglot'"))

(setq eglot-server-programs `((python-mode ,(getenv "RUMMY_TEST_SERVER"))))
;; Somebody sits at the keyboard: choices are made in the minibuffer, not in a menu.
(setq last-nonmenu-event ?x)

(defconst patience 60
  "How many seconds anything is waited for: far more than it takes, for machines under load.")

(defun idle ()
  "Do what an Emacs does that waits for its user.  One in batch mode never does."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when eglot--managed-mode
        (eglot--signal-textDocument/didChange)))))

(defvar last-asked 0
  "When `ask-as-eldoc-does' asked last.")

(defun ask-as-eldoc-does ()
  "Ask for a hover now and then, as eldoc does when the user rests.
Emacs 28 leaves what comes right behind an answer that it waits for unread until more comes."
  (let ((server (eglot-current-server)))
    (when (and server (> (- (float-time) last-asked) 0.5))
      (setq last-asked (float-time))
      (jsonrpc-async-request server :textDocument/hover (eglot--TextDocumentPositionParams)
                             :success-fn #'ignore :error-fn #'ignore :timeout-fn #'ignore))))

(defun wait-until (what condition)
  "Handle events until CONDITION holds, and return what it returns then; WHAT says what is waited for."
  (let ((end (+ (float-time) patience))
        held)
    (while (not (setq held (funcall condition)))
      (when (> (float-time) end)
        (error "Waited %d s in vain for %s" patience what))
      (idle)
      (ask-as-eldoc-does)
      (accept-process-output nil 0.02))
    held))

(defun must-equal (expected got)
  (unless (equal expected got)
    (error "Expected %S, got %S" expected got)))

(defun on-disk (file)
  "The text of FILE, or nil."
  (when (file-exists-p file)
    (with-temp-buffer
      (insert-file-contents file)
      (buffer-string))))

(defun visit (file)
  "Open FILE and start its server."
  (find-file file)
  (call-interactively #'eglot)
  ;; It checks after a pause of the user's, or now.
  (flymake-start))

(defun shown ()
  "What the diagnostics of the current buffer say, with their lines."
  (mapcar (lambda (diagnostic)
            (cons (line-number-at-pos (flymake-diagnostic-beg diagnostic))
                  (flymake-diagnostic-text diagnostic)))
          (flymake-diagnostics)))

(defun wait-for-hunk (line)
  (wait-until (format "a hunk on line %d" line)
              (lambda () (equal (mapcar #'car (shown)) (list line)))))

(defun wait-for-nothing-shown ()
  (wait-until "nothing to be shown" (lambda () (not (shown)))))

(defun wait-for-message (text)
  (wait-until (format "the message %S" text)
              (lambda ()
                (with-current-buffer (messages-buffer)
                  (save-excursion
                    (goto-char (point-min))
                    (search-forward text nil t))))))

(defun go-to-line (line)
  (goto-char (point-min))
  (forward-line (1- line)))

(defun choose (beginning)
  "Choose the code action at point whose title has this BEGINNING; say yes to what eglot asks."
  (cl-letf (((symbol-function 'completing-read)
             (lambda (_prompt choices &rest _)
               (or (cl-find-if (lambda (title) (string-prefix-p beginning title))
                               (mapcar #'car choices))
                   (error "%S is none of %S" beginning (mapcar #'car choices)))))
            ((symbol-function 'y-or-n-p) #'always))
    (eglot-code-actions (point) nil nil t)))

(defun play (scenario)
  (condition-case why
      (progn
        (funcall scenario)
        (eglot-shutdown (eglot-current-server)))
    (error
     (let ((server (eglot-current-server)))
       (when server
         (with-current-buffer (jsonrpc-events-buffer server)
           (princ (buffer-substring (max (point-min) (- (point-max) 20000)) (point-max))
                  #'external-debugging-output))))
     (message "%s" (error-message-string why))
     (kill-emacs 1))))

(defmacro scenario (name &rest body)
  (declare (indent 1))
  `(defun ,name () (play (lambda () ,@body))))

(defconst polite "def greet(name):\n    print(\"Good day, \" + name)\n")
(defconst rude "def greet(name):\n    print(\"hi \" + name)\n")

;; A comment starts a run, and what it proposes is accepted.
(scenario accept
  (visit "greet.py")
  (go-to-line 1)
  (insert "# AI! be polite\n")
  (forward-line -1)
  (choose "Let Rummy: be polite")
  (wait-for-hunk 3)
  (go-to-line 3)
  (choose "Accept this change")
  (wait-until "the accepted text"
              (lambda () (equal (buffer-string) (concat "# AI! be polite\n" polite))))
  (wait-for-nothing-shown)
  (must-equal rude (on-disk "greet.py")))

(scenario reject
  (visit "greet.py")
  (go-to-line 1)
  (insert "# AI! be polite\n")
  (forward-line -1)
  (choose "Let Rummy: be polite")
  (wait-for-hunk 3)
  (go-to-line 3)
  (choose "Reject this change")
  (wait-for-nothing-shown)
  (must-equal (concat "# AI! be polite\n" rude) (buffer-string)))

;; The user types while an edit is on its way: eglot answers it with an error.
(scenario overtaken
  (visit "greet.py")
  (go-to-line 1)
  (insert "# AI! be polite\n")
  (forward-line -1)
  (choose "Let Rummy: be polite")
  (wait-for-hunk 3)
  (go-to-line 3)
  (let ((type (lambda (&rest _)
                (with-current-buffer "greet.py"
                  (save-excursion
                    (go-to-line 1)
                    (insert "# mine\n"))))))
    (advice-add 'eglot--apply-workspace-edit :before type)
    (choose "Accept this change")
    (advice-remove 'eglot--apply-workspace-edit type))
  (wait-for-message "Rummy could not apply the change: the editor did not apply the change: Edits on")
  (must-equal (concat "# mine\n# AI! be polite\n" rude) (buffer-string))
  ;; It is still there, where the text has moved to.
  (wait-for-hunk 4)
  (go-to-line 4)
  (choose "Accept this change")
  (wait-for-nothing-shown)
  (must-equal (concat "# mine\n# AI! be polite\n" polite) (buffer-string)))

;; A file that is not open is written by the server.
(scenario new-file
  (visit "greet.py")
  (go-to-line 1)
  (insert "# AI! say goodbye too\n")
  (forward-line -1)
  (choose "Let Rummy: say goodbye too")
  (wait-until "the proposal" (lambda () (offered "Accept “Create bye.py (+1 −0)”")))
  (must-equal nil (on-disk "bye.py"))
  (choose "Accept “Create bye.py (+1 −0)”")
  (must-equal "print(\"bye\")\n" (on-disk "bye.py")))

;; The model asks back, and the user chooses an answer.
(scenario answer
  (visit "greet.py")
  (go-to-line 1)
  (insert "# AI? which greeting is better\n")
  (forward-line -1)
  (choose "Ask Rummy: which greeting is better")
  (let (asked)
    (cl-letf (((symbol-function 'completing-read)
               (lambda (prompt choices &rest _)
                 (unless (string-search "asks: For whom?" prompt)
                   (error "Not asked for: %s" prompt))
                 (setq asked choices)
                 "strangers")))
      (wait-until "the question" (lambda () asked))
      (must-equal '("friends" "strangers") asked))
    (wait-until "the run to end" (lambda () (equal (statuses) '(200))))))

(defun statuses ()
  "The statuses of all runs."
  (mapcar (lambda (run) (plist-get run :status))
          (eglot-execute-command (eglot-current-server) 'rummy.getRuns (vector eglot--{}))))

(defun offered (beginning)
  "Whether there is a code action at point whose title has this BEGINNING."
  (cl-some (lambda (action) (string-prefix-p beginning (plist-get action :title)))
           (eglot-code-actions (point) nil nil)))

;;; eglot.el ends here
