UPDATE rooms SET opened_at = created_at WHERE kind = 'open';
