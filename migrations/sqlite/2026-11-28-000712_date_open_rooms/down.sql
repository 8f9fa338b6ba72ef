UPDATE rooms SET opened_at = NULL;
