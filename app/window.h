/* The window: chats, the conversation, the editor, and the line that says where the model runs. */
#pragma once

#include "application.h"

G_BEGIN_DECLS

#define RIPOSTE_TYPE_WINDOW (riposte_window_get_type ())
G_DECLARE_FINAL_TYPE (RiposteWindow, riposte_window, RIPOSTE, WINDOW, AdwApplicationWindow)

RiposteWindow *riposte_window_new (RiposteApplication *app);
/* Opens @file in the editor; a model (.gguf) is loaded instead. */
void riposte_window_open_file (RiposteWindow *self, GFile *file);
/* Goes to the chat of @id, where there is one. */
void riposte_window_show_chat_of_id (RiposteWindow *self, const char *id);

G_END_DECLS
