/* What the window's files share: window.c (its parts), window-actions.c, window-branches.c, window-editor.c and
 * window-history.c (what can be done), window-layout.c (which panes are seen at which width), window-room.c (what to do when the context is
 * full). */
#pragma once

#include "window.h"

#include "chat/announcer.h"
#include "chat/answer-watch.h"
#include "chat/chat-list.h"
#include "chat/chat-pane.h"
#include "chat/chat-search.h"
#include "chat/status-line.h"
#include "chat/title-maker.h"
#include "editor/riposte-editor.h"
#include "session.h"

G_BEGIN_DECLS

struct _RiposteWindow
{
  AdwApplicationWindow parent;

  RiposteLocalGenerator *generator;
  RiposteStore *store;
  RiposteTitleMaker *titles;
  RiposteConversation *conversation; /* that is selected */

  AdwToastOverlay *toasts;
  AdwFlap *flap;
  GtkPaned *paned;
  GtkWidget *chat_box, *editor_box, *back;
  AdwHeaderBar *chats_header, *chat_header, *editor_header;
  AdwWindowTitle *editor_title;
  GtkLabel *chat_title;
  GtkMenuButton *model_button; /* below the title */
  GtkLabel *model_label;
  RiposteChatSearch *search;
  RiposteChatList *chats;
  RiposteChatPane *chat;
  RiposteEditor *editor;
  RiposteAnnouncer *announcer; /* of what comes of a completion */
  RiposteStatusLine *status;
  GtkWindow *models; /* (nullable) weak: the window that lists them */
  RiposteAnswerWatch *watch;
  RiposteSession *session;

  /* layout: what is wished for, and what there is room for */
  int width;
  gboolean folded;      /* the list of chats lies over the rest */
  gboolean single;      /* either the chat is seen or the editor */
  gboolean show_editor; /* in single, instead of the chat */
  gboolean divided;     /* the chat and the editor have their shares of the width */
  gboolean may_close;   /* the editor has asked about unsaved files */
  gboolean may_lose;    /* what could not be kept of conversations */
};

/* Long enough to be read aloud. */
#define RIPOSTE_TOAST_SECONDS 10

/* (transfer full): above the composer; over all where that is not seen. */
void riposte_window_add_toast (RiposteWindow *self, AdwToast *toast);
void riposte_window_show_toast (RiposteWindow *self, const char *text);
void riposte_window_class_install_actions (GtkWidgetClass *klass);
void riposte_window_add_actions (RiposteWindow *self);
/* Which actions make sense now. */
void riposte_window_update_actions (RiposteWindow *self);
void riposte_window_add_branch_actions (RiposteWindow *self);
void riposte_window_update_branch_actions (RiposteWindow *self);
void riposte_window_add_editor_actions (RiposteWindow *self);
/* Fills @ghost with what the model would write there. */
void riposte_window_complete (RiposteWindow *self, RiposteGhostText *ghost);
void riposte_window_add_history_actions (RiposteWindow *self);
void riposte_window_update_history_actions (RiposteWindow *self);
/* @message is nullable: the conversation as it is shown. */
void riposte_window_show_found (RiposteWindow *self, const char *conversation, const char *message, const char *words);
void riposte_window_load_model (RiposteWindow *self, GFile *file);

/* "win.make-room": asks what to do about a conversation that is too long for the context. */
void riposte_window_make_room (RiposteWindow *self);

void riposte_window_set_up_layout (RiposteWindow *self);
void riposte_window_update_layout (RiposteWindow *self);
void riposte_window_show_editor (RiposteWindow *self, gboolean show);
void riposte_window_move_pane (RiposteWindow *self, int by);
/* Uncovers the chat where something lies over it. */
void riposte_window_show_chat (RiposteWindow *self);

G_END_DECLS
